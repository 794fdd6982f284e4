"""What serves models: one protocol, and one module per kind of serving object."""
