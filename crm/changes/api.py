"""The change feed over REST, by the page or as server-sent events."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any, ClassVar, Final

import orjson
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from crm.api import filters
from crm.api.errors import ParameterError, Problem
from crm.api.pagination import read_limit
from crm.api.permissions import HasScope, require_scope
from crm.api.representation import shape_of
from crm.api.routers import resources
from crm.api.viewsets import ShapedViewSet
from crm.changes import documents, feed, stream
from crm.changes.representation import ChangeSerializer
from crm.models import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http.response import HttpResponseBase

    from crm.api.requests import ApiRequest
    from crm.api.viewsets import RecordViewSet
    from crm.models import Record

LIMIT: Final = 100
MAX_LIMIT: Final = 500
LATEST: Final = "latest"


class EventStreamRenderer(BaseRenderer):
    """Server-sent events; what is answered otherwise on the same address, such as a problem, is JSON."""

    media_type = "text/event-stream"
    format = "sse"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return orjson.dumps(data, default=str)


class ChangeViewSet(ShapedViewSet):
    """What was changed, when, by whom, from what.

    Changes of records that you may not see are left out, as are those of resources for which the token lacks the scope.
    """

    queryset = Change.objects.all()
    serializer_class = ChangeSerializer
    permission_classes = [HasScope]
    scope = "changes"
    common_filters: ClassVar[Mapping[str, Any]] = {}
    filterset_fields = {
        "record": ["exact"],
        "customer": ["exact"],
        "user": ["exact"],
        "action": ["exact"],
        "application": ["exact"],
        "request_id": ["exact"],
    }

    tabular = ("follow",)
    own_refusals = ("410",)

    def get_renderers(self) -> list[Any]:
        """Return the media types, of which one is a stream."""
        return [*super().get_renderers(), EventStreamRenderer()]

    @extend_schema(responses=documents.RESPONSES)
    def follow(self, request: ApiRequest) -> HttpResponseBase:
        """Follow the changes of all records.

        Answers those after a position, oldest first: each committed change exactly once, deletions included. Keep
        `position` of the last answer, and go on after it, even months later. One older than what is kept is 410, as is
        one from before the database was restored, and one that the feed has not come to: then read all records anew.
        With `Accept: text/event-stream` changes come as they happen; such a reader goes on by `Last-Event-ID`.
        """
        params = request.query_params
        names = [name for name in params if name in self.filterset_class.base_filters]
        filters.refuse_unknown(params, {"after", "resource", "limit", "fields", "expand", "format", *names})
        is_stream = isinstance(request.accepted_renderer, EventStreamRenderer)
        question = {
            "kinds": self.kinds(),
            "shape": shape_of(ChangeSerializer, None, frozenset()) if is_stream else self.shape(),
            "narrow": (lambda rows: self.filterset_class(params, rows, names).apply()) if names else None,
        }
        if is_stream:
            return stream.respond(request, self.checked(self.position()), question)
        page = self.page(question)
        url = request.build_absolute_uri()
        body = {
            "next": replace_query_param(url, "after", page.position.encode()) if page.has_more else None,
            "position": page.position.encode(),
            "results": orjson.Fragment(f"[{','.join(page.texts)}]"),
        }
        return Response(body, headers={"Link": f'<{body["next"]}>; rel="next"'} if page.has_more else None)

    def follow_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters as the document has them."""
        return documents.follow_parameters(self)

    def page(self, question: dict[str, Any]) -> feed.Page:
        """Return the next changes; 410 where some between are gone."""
        limit = read_limit(self.request.query_params.get("limit"), LIMIT, MAX_LIMIT)
        try:
            return feed.read(user=self.request.user, after=self.position(), limit=limit, **question)
        except feed.FeedExpired as error:
            raise gone(error) from error

    def checked(self, position: feed.Position) -> feed.Position:
        """Return a position after which one can go on; 410 for another, before a stream begins."""
        try:
            feed.State.now().check(position)
        except feed.FeedExpired as error:
            raise gone(error) from error
        return position

    def position(self) -> feed.Position:
        """Return the position that the request names: of a reader, of a moment, or the latest."""
        text = self.request.headers.get("Last-Event-ID") or self.request.query_params.get("after")
        if text is None:
            return feed.State.now().start
        if text == LATEST:
            return feed.State.now().horizon
        try:
            return feed.Position.decode(text)
        except ValueError:
            return position_of_moment(text)

    def kinds(self) -> Sequence[type[Record]]:
        """Return the kinds of records asked for, or all for which the token has the scope; 403 where it lacks one."""
        known = resources()
        names = filters.read_names(self.request.query_params.get("resource"), "resource")
        if names is None:
            return [viewset.model for viewset in known.values() if may_read(self.request, viewset)]
        if unknown := names - known.keys():
            raise ParameterError("resource", _("There is no resource %s.") % ", ".join(sorted(unknown)), "unknown")
        chosen = [viewset for name, viewset in known.items() if name in names]
        for viewset in chosen:
            require_scope(self.request, f"{viewset.scope}:read")
        return [viewset.model for viewset in chosen]


def gone(error: feed.FeedExpired) -> Problem:
    """Return the problem that says why nobody can go on after a position, and what to do."""
    if isinstance(error, feed.FeedRestored):
        text = _(
            "The database was restored since this position was given out, and changes may be lost."
            " Read the records anew, and go on from the position that `after=latest` answers."
        )
    elif isinstance(error, feed.FeedAhead):
        text = _(
            "The feed has not come to this position, so it was not given out here."
            " Read the records anew, and go on from the position that `after=latest` answers."
        )
    else:
        text = _("Changes after this position are gone; start again with `after=latest`.")
    return Problem("gone", text)


def may_read(request: ApiRequest, viewset: type[RecordViewSet]) -> bool:
    """Tell whether the token lets the records of a resource be read."""
    return f"{viewset.scope}:read" in request.auth.scopes


def position_of_moment(text: str) -> feed.Position:
    """Return the position before the first change at or after a moment in RFC 3339; raise ParameterError for others."""
    with suppress(ValueError, OverflowError):
        moment = parse_datetime(text.replace(" ", "+"))
        if moment is not None and moment.tzinfo is not None:
            return feed.position_at(moment.astimezone(UTC))  # PostgreSQL knows fewer time zones than Python
    raise ParameterError("after", _("Take it from another answer as it is, or give `latest` or a time with zone."))
