"""Webhooks: changes sent to whoever subscribes, signed, in order for each record, until they arrive."""
