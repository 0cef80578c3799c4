"""Sales in the staff site."""

from sales.admin import board, home  # noqa: F401 -- they register screens
