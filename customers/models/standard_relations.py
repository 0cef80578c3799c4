"""The types of relations that every installation begins with; administrators rename them and add others."""

from typing import Any, Final

from django.utils.translation import gettext_noop

PARENT: Final = "parent_of"
STANDARD: Final[list[dict[str, Any]]] = [
    {
        "code": PARENT,
        "name": gettext_noop("parent of"),
        "inverse_name": gettext_noop("subsidiary of"),
        "between": "organization",
        "is_hierarchical": True,
    },
    {"code": "partner_of", "name": gettext_noop("partner of"), "between": "organization"},
    {"code": "same_household", "name": gettext_noop("in one household with"), "between": "person"},
    {"code": "refers", "name": gettext_noop("recommended us to"), "inverse_name": gettext_noop("recommended by")},
]
