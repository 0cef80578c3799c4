"""Who may call an operation: scopes of the token, then permissions of the person beneath them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission

from crm.api.errors import Problem

if TYPE_CHECKING:
    from django.db.models import Model

    from crm.api.requests import ApiRequest

SCOPES: dict[type[Model], str] = {}
READ = {"GET", "HEAD", "OPTIONS"}
VERBS: dict[str, tuple[str, ...]] = {"POST": ("add",), "PUT": ("change",), "PATCH": ("change",), "DELETE": ("delete",)}


class HasScope(BasePermission):
    """The token carries the scope of the operation (RFC 6750, section 3.1)."""

    def has_permission(self, request: ApiRequest, view: Any) -> bool:  # type: ignore[override]
        """Return whether there is a token; raise a challenge where it lacks the scope."""
        if request.auth is None:
            return False
        needed = required_scope(view, request.method or "GET")
        if needed:
            require_scope(request, needed)
        return True


class MayDo(BasePermission):
    """The person holds the Django permission for what the operation does to this kind of record."""

    def has_permission(self, request: ApiRequest, view: Any) -> bool:  # type: ignore[override]
        """Tell whether the permission is held; which records it covers is up to `visible_to`."""
        model = getattr(view, "permissions_of", view.model)
        if request.user.view_level(model) is None:
            return False
        special: dict[str, tuple[str, ...]] = getattr(view, "permission_verbs", {})
        verbs = special[view.action] if view.action in special else VERBS.get(request.method or "GET", ())
        options = model._meta
        return all(request.user.has_perm(f"{options.app_label}.{verb}_{options.model_name}") for verb in verbs)


class MayWrite(BasePermission):
    """Everyone reads; who writes holds the Django permission for it."""

    def has_permission(self, request: ApiRequest, view: Any) -> bool:  # type: ignore[override]
        """Tell whether the permission is held."""
        options = view.model._meta
        verbs = VERBS.get(request.method or "GET", ())
        return all(request.user.has_perm(f"{options.app_label}.{verb}_{options.model_name}") for verb in verbs)


def require_scope(request: ApiRequest, scope: str) -> None:
    """Raise the challenge of RFC 6750, section 3.1, unless the token carries the scope."""
    if scope not in request.auth.scopes:
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise Problem("insufficient_scope", WWW_Authenticate=challenge)


def required_scope(view: Any, method: str) -> str:
    """Return the scope that an operation needs, such as `customers:read`; empty where any token will do."""
    scope = getattr(view, "scope", "")
    if not scope or ":" in scope:
        return scope
    return f"{scope}:read" if method in READ else getattr(view, "write_scope", f"{scope}:write")
