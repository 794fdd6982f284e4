"""The Kubernetes API: requests, errors, resources, events, the status writer. Knows nothing of models."""
