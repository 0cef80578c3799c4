"""What errors of the database mean that come and go: it cannot work now, others stand in the way, it took too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from psycopg import Error, OperationalError, errors

if TYPE_CHECKING:
    from collections.abc import Iterator

# Connections, resources, and what an operator does (PostgreSQL, appendix A): not what the statement asked for.
CLASSES: Final = ("08", "53", "57P")
LIMIT_OF_A_STATEMENT: Final = "53400"  # of its temporary files, for one: the same statement would fail again
READ_ONLY: Final = "25006"  # a standby, or a server whose operator took writing away
LEFT_OPEN: Final = ("25P03", "25P04")  # the transaction was ended because it lasted too long
IN_THE_WAY: Final = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


def is_outage(error: BaseException) -> bool:
    """Tell whether an error, or what caused it, says that the database cannot work now, whatever it is asked."""
    return any(map(says_outage, causes(error)))


def is_in_the_way(error: BaseException) -> bool:
    """Tell whether an error says that another transaction stood in the way, and may not the next time."""
    return any(isinstance(one, IN_THE_WAY) for one in causes(error))


def is_too_slow(error: BaseException) -> bool:
    """Tell whether an error says that a statement took longer than it may."""
    return any(isinstance(one, errors.QueryCanceled) for one in causes(error))


def is_passing(error: BaseException) -> bool:
    """Tell whether the same work may well succeed later, without anybody changing it."""
    return is_outage(error) or is_in_the_way(error)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__


def says_outage(error: BaseException) -> bool:
    """Tell whether an error of the driver is one; an error without a code is one of the connection."""
    if not isinstance(error, Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, OperationalError)
    if error.sqlstate == LIMIT_OF_A_STATEMENT:
        return False
    return error.sqlstate.startswith(CLASSES) or error.sqlstate in {READ_ONLY, *LEFT_OPEN}
