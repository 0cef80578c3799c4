"""The timeline of a customer in the staff site."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import unquote
from django.http import Http404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError
from unfold.decorators import action

from crm.admin.site import staff
from crm.admin.words import tell
from crm.api.routers import resources
from crm.api.timeline import decode, encode
from crm.changes import timeline
from crm.models import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from django.http import HttpRequest, HttpResponse

    from crm.changes.timeline import Entry
    from crm.models import Record, User
    from crm.querysets import RecordQuerySet

SHOWN = 50


class WithTimeline:
    """Shows all that happened with a customer, latest first."""

    @action(
        description=gettext_lazy("Timeline"),
        url_path="timeline",
        icon="timeline",
        extra_options={"display_in_dropdown": False},
    )
    def timeline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what happened, day by day."""
        admin: Any = self
        customer = admin.get_object(request, unquote(object_id))
        if customer is None:
            raise Http404
        kind, scopes = request.GET.get("kind", ""), self.timeline_scopes(customer)
        scope = request.GET.get("scope", "") if request.GET.get("scope") in dict(scopes) else ""
        entries = self.entries(request, customer, kind, scope)
        context = {
            **admin.admin_site.each_context(request),
            "opts": admin.model._meta,
            "title": _("Timeline of %s") % customer,
            "original": customer,
            "kinds": kinds(),
            "kind": kind,
            "scopes": scopes,
            "scope": scope,
            "days": list(days(entries[:SHOWN], staff(request))),
            "older": encode(entries[SHOWN - 1]) if len(entries) > SHOWN else "",
        }
        return TemplateResponse(request, "admin/changes/timeline.html", context)

    def entries(self, request: HttpRequest, customer: Record, kind: str, scope: str) -> list[Entry]:
        """Return the entries of a page, and one more where there are."""
        members = self.with_members(customer, staff(request), scope)
        known = timeline.sources()
        return timeline.read(
            user=staff(request),
            shown=[source.model for name, source in known.items() if kind in {"", name}],
            changing=[one.model for one in resources().values()] if kind in {"", timeline.CHANGES} else [],
            customers=list(members.values_list("pk", flat=True)),
            before=place(request.GET.get("before", "")),
            limit=SHOWN + 1,
        )

    def timeline_scopes(self, customer: Any) -> list[tuple[str, Any]]:
        """Return how much the timeline of a customer may show, and what people call that; a subclass knows."""
        return []

    def with_members(self, customer: Any, user: User, scope: str) -> RecordQuerySet:
        """Return the customer; a subclass adds who belongs to it and is visible to `user`, as far as the scope goes."""
        return type(customer).objects.visible_to(user).filter(pk=customer.pk)  # type: ignore[no-any-return]


def place(text: str) -> Any:
    """Return the place on the timeline that an address names; None, the latest, where it is none."""
    try:
        return decode(text) if text else None
    except ValidationError:
        return None


def kinds() -> list[tuple[str, str]]:
    """Return the kinds of entries and what people call them."""
    named = [
        (name, capfirst(str(source.model._meta.verbose_name_plural))) for name, source in timeline.sources().items()
    ]
    return [("", _("All")), *named, (timeline.CHANGES, _("Changes"))]


def days(entries: Sequence[Entry], user: User) -> Iterator[tuple[date, list[str]]]:
    """Yield each day with its entries as HTML."""
    shown = rendered(entries, user)
    for day, of_day in groupby(entries, key=lambda entry: timezone.localtime(entry.at).date()):
        yield day, [shown[entry.key] for entry in of_day if entry.key in shown]


def rendered(entries: Sequence[Entry], user: User) -> dict[str, str]:
    """Return the HTML of entries by key; one query for each kind of entry."""
    numbers = [int(entry.record) for entry in entries if entry.kind == timeline.CHANGES]
    changes = Change.objects.filter(sequence__in=numbers).select_related("user")
    found: dict[str, str] = {
        f"{timeline.CHANGES}:{row.change.sequence}": render_to_string("admin/changes/change.html", {"row": row})
        for row in tell(changes, user)
    }
    for name, source in timeline.sources().items():
        of_kind = [entry for entry in entries if entry.kind == name]
        records = source.model.objects.select_related(*source.related).in_bulk([entry.record for entry in of_kind])
        by_text = {str(key): one for key, one in records.items()}
        found |= {
            entry.key: render_to_string(source.template, {"record": by_text[entry.record], "entry": entry})
            for entry in of_kind
            if entry.record in by_text
        }
    return found
