"""Identifiers of records."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUID of version 7 (RFC 9562, section 5.7): unguessable enough to share, sorted by time."""
    return uuid7()
