"""The URLs of resources: plural, kebab-case, without a slash at the end."""

from rest_framework.routers import SimpleRouter


class Router(SimpleRouter):
    """DRF's router with path converters."""

    def __init__(self) -> None:
        """Leave out the slash at the end."""
        super().__init__(trailing_slash=False, use_regex_path=False)
