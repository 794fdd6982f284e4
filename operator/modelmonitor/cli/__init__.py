"""The command line: what a person can do without a cluster."""
