"""The policies: each one reason to do something, each with the story of what would go wrong without it."""
