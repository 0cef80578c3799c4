"""Service over REST."""
