"""Tasks: what somebody must do, and being reminded of it."""
