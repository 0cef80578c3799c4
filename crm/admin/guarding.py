"""Screens of what gives rights: nobody changes there what may do more than they."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages

from crm.admin.site import staff
from crm.auth.rights import may_touch

if TYPE_CHECKING:
    from django.http import HttpRequest


class Guarded:
    """Shows accounts, roles or applications that may do more than the one who looks at them, but changes none."""

    beyond: Any  # the sentence that says so

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own: Any = super()
        return bool(own.has_change_permission(request, obj) and is_within(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own: Any = super()
        return bool(own.has_delete_permission(request, obj) and is_within(request, obj))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        own: Any = super()
        if not is_within(request, kwargs.get("obj")):
            messages.info(request, self.beyond)
        return own.render_change_form(request, context, *args, **kwargs)


def is_within(request: HttpRequest, row: Any) -> bool:
    """Tell whether a row gives the colleague who asks nothing that they have not; there may be none yet."""
    return row is None or may_touch(staff(request), row)
