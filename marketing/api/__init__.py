"""Marketing over REST."""
