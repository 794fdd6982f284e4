"""What serves models: one module per kind of serving object, each reads its live state and builds its patch."""
