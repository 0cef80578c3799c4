"""Sales in the staff site."""

from sales.admin import capture  # noqa: F401 -- it registers screens
