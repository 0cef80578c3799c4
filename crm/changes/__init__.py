"""The change feed: what was changed, when, by whom, written by the database itself; and what stands on it."""
