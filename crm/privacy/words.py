"""What stands where a person's data stood."""

from typing import Final

ERASED: Final = "Erased"
