"""Which scopes there are."""

from __future__ import annotations

from typing import Any, Final, cast

from django.conf import settings
from django.utils.translation import gettext_lazy as _

WORDS: Final[dict[str, Any]] = {
    "customers:read": _("See customers, their addresses and the history with them"),
    "customers:write": _("Add, change and delete customers, their addresses and the history with them"),
    "sales:read": _("See leads, opportunities, quotes and orders"),
    "sales:write": _("Add, change and delete leads, opportunities, quotes and orders"),
    "marketing:read": _("See campaigns and who they reach"),
    "marketing:write": _("Add, change and delete campaigns and who they reach"),
    "service:read": _("See service cases"),
    "service:write": _("Add, change and delete service cases"),
    "attachments:read": _("See the files attached to what you may see"),
    "attachments:write": _("Attach files to what you may change, and delete them"),
    "tasks:read": _("See what there is to do"),
    "tasks:write": _("Add, change and delete what there is to do"),
    "tags:read": _("See the list of tags"),
    "tags:write": _("Add, rename and delete tags"),
    "views:read": _("See saved views of lists"),
    "views:write": _("Save, change and delete views of lists"),
    "directory:read": _("See the names of colleagues and teams"),
    "changes:read": _("Follow all changes to what you may see"),
    "imports:manage": _("Import files of records"),
    "webhooks:manage": _("Be told of changes at an address of its choice"),
    "sync:run": _("Exchange data with other systems"),
    "tokens:introspect": _("See whether tokens of other applications are valid, and whose they are"),
    "admin": _("Administer the CRM: people, teams, custom fields and applications"),
}


def sentences() -> dict[str, str]:
    """Return what each scope allows, in words."""
    return cast("dict[str, str]", settings.SCOPES)


def known_scopes() -> list[str]:
    """Return the names of all scopes."""
    return list(sentences())
