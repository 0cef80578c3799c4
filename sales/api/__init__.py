"""Sales over REST."""
