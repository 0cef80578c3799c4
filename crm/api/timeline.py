"""The timeline of a customer over REST."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from crm.api import filters
from crm.api.errors import ParameterError, Problem
from crm.api.pagination import read_limit
from crm.api.routers import resources
from crm.api.schema import parameters
from crm.changes import timeline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from crm.api.requests import ApiRequest
    from crm.querysets import RecordQuerySet

ENCODED: Final = re.compile("[A-Za-z0-9_-]{1,400}")
SCOPES: Final = ("own", "tree")
KEY: Final = re.compile(r"[a-z-]{1,100}:[0-9a-f-]{1,36}(:[a-z_]{1,100})?")


class TimelineEntrySerializer(serializers.Serializer[Any]):
    """One thing that happened with a customer."""

    kind = serializers.CharField(max_length=100, help_text=_("List that the record is in, or `changes`."))
    at = serializers.DateTimeField(help_text=_("When it happened."))
    event = serializers.CharField(
        max_length=100,
        allow_blank=True,
        help_text=_("What happened with the record, as its field is called, such as `opened_at`; else empty."),
    )
    customer = serializers.UUIDField(help_text=_("With whom: the customer, or a person of the organization."))
    record = serializers.DictField(help_text=_("The record, as its own list answers it; or the change."))


class TimelineActions:
    """A mixin for the viewset of customers: everything that happened with one of them, latest first."""

    model: ClassVar[type[Any]]
    request: Any

    @action(detail=True)
    def timeline(self, request: ApiRequest, pk: Any) -> Response:
        """Answer what happened with a customer, latest first."""
        params = request.query_params
        filters.refuse_unknown(params, ("kind", "scope", "limit", "cursor", "format"))
        if params.get("scope", SCOPES[0]) not in SCOPES:
            raise ParameterError("scope", _("Use one of: %s.") % ", ".join(SCOPES))
        limit = read_limit(params.get("limit"))
        wanted = self.wanted()
        readable = {name: one.model for name, one in resources().items() if f"{one.scope}:read" in request.auth.scopes}
        found = timeline.read(
            user=request.user,
            shown=[model for name, model in readable.items() if name in wanted],
            changing=list(readable.values()) if timeline.CHANGES in wanted else [],
            customers=self.customers(pk),
            before=decode(params["cursor"]) if "cursor" in params else None,
            limit=limit + 1,
        )
        entries, has_more = found[:limit], len(found) > limit
        address = replace_query_param(request.build_absolute_uri(), "cursor", encode(entries[-1])) if has_more else None
        body = {"next": address, "previous": None, "results": [shown(entry) for entry in entries]}
        return Response(body, headers={"Link": f'<{address}>; rel="next"'} if address else None)

    def timeline_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters as the document has them."""
        view: Any = self
        kinds = parameters.query("kind", parameters.choice_of(timeline.kinds()), _("Only entries of these kinds."))
        references = [parameters.reference(name) for name in ("limit", "cursor")]
        scopes = {"type": "string", "enum": list(SCOPES), "default": SCOPES[0]}
        scope = parameters.query(
            "scope", scopes, _("Whose: the customer's and its people's, or those of the whole tree below too.")
        )
        return [kinds, scope, *references, parameters.format_parameter(view)]

    def customers(self, pk: Any) -> Sequence[UUID]:
        """Return the customer and whoever belongs to it, as far as the caller may see them; raise 404 for none."""
        view: Any = self
        visible: RecordQuerySet = view.get_queryset()
        found = list(self.with_members(visible, pk).values_list("pk", flat=True))
        if pk not in found:
            raise Problem("not_found")
        return found

    def with_members(self, visible: RecordQuerySet, pk: Any) -> RecordQuerySet:
        """Return the customer among those that are visible; a viewset adds who belongs to it."""
        return visible.filter(pk=pk)

    def wanted(self) -> frozenset[str]:
        """Return the kinds of entries that the caller wants; raise ParameterError for one that there is not."""
        known = timeline.kinds()
        names = filters.read_names(self.request.query_params.get("kind"), "kind")
        if names is not None and (unknown := names - set(known)):
            raise ParameterError("kind", _("There is no kind %s.") % ", ".join(sorted(unknown)), "unknown")
        return frozenset(known) if names is None else names


def encode(entry: timeline.Entry) -> str:
    """Return the place of an entry as clients see it."""
    return base64.urlsafe_b64encode(orjson.dumps([entry.at, entry.key])).decode().rstrip("=")


def decode(text: str) -> tuple[datetime, str]:
    """Read a place on the timeline; raise ParameterError unless a page gave it."""
    try:
        if not ENCODED.fullmatch(text):
            raise ValueError(text)
        moment, key = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if not KEY.fullmatch(key):
            raise ValueError(text)
        return datetime.fromisoformat(moment).astimezone(UTC), key
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise ParameterError(
            "cursor", _("Not a cursor of this list; start again without it."), "unknown_cursor"
        ) from error


def shown(entry: timeline.Entry) -> dict[str, Any]:
    """Return an entry as clients see it."""
    moment = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    known = {"kind": entry.kind, "event": entry.event, "at": moment, "customer": entry.customer}
    return {**known, "record": orjson.Fragment(entry.text)}
