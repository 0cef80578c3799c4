"""A request after authentication, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request

if TYPE_CHECKING:
    from crm.auth.authentication import Credentials
    from crm.models import User


class ApiRequest(Request):
    """DRF's request, whose caller is a user with the credentials of a token."""

    user: User
    auth: Credentials
