"""Merging in the staff site: which records may be one, both side by side, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from crm.admin.lists import DayRangeFilter
from crm.admin.site import staff
from crm.admin.system import LogAdmin
from crm.admin.words import EMPTY, names_of, worded
from crm.merging.actions import NotThere, NotUndoable, merge_records, undo_merge
from crm.merging.fields import LOSER, WINNER, choosable, source
from crm.merging.moving import counts
from crm.merging.rows import CUSTOM, as_json
from crm.models import CustomField, Merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest, HttpResponse

    from crm.models import Record, User

FOUND = 10


@dataclass(frozen=True)
class Line:
    """One field of both records: its name in code and for people, both values in words, and whose counts at first."""

    name: str
    label: str
    winner: str
    loser: str
    usual: str


class WithMerge:
    """Shows which records may be the same as one, both side by side, and makes them one."""

    model: type[Record]
    admin_site: Any

    def merge_candidates(self, record: Any, user: User) -> Sequence[Any]:
        """Return who may be the same, each with `id`, `name`, `score` and `reason_words`; a subclass knows."""
        return ()

    def has_merge_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own: Any = self
        return bool(own.has_change_permission(request, obj) and own.has_delete_permission(request, obj))

    @action(
        description=gettext_lazy("Merge"),
        url_path="merge",
        icon="merge",
        permissions=["merge"],
        extra_options={"display_in_dropdown": False},
    )
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show who may be the same, or both records; make them one, or two again."""
        own: Any = self
        record = own.get_object(request, unquote(object_id))
        if record is None:
            raise Http404
        if request.method == "POST" and not self.has_merge_permission(request, record):
            raise PermissionDenied
        if "undo" in request.POST:
            return self.undo(request, record)
        other = self.other(request, record)
        if other is None:
            return self.choose(request, record)
        return self.unite(request, record, other) if request.method == "POST" else self.compare(request, record, other)

    def other(self, request: HttpRequest, record: Record) -> Any:
        """Return the record that `?with=` names; None where it names none."""
        named = request.GET.get("with")
        if named is None:
            return None
        visible = self.model._default_manager.visible_to(staff(request)).exclude(pk=record.pk)
        return get_object_or_404(visible, pk=key_of(named))

    def choose(self, request: HttpRequest, record: Record) -> HttpResponse:
        """Show who may be the same, who is found by name, and what was merged before."""
        user = staff(request)
        text = request.GET.get("search", "").strip()
        visible = self.model._default_manager.visible_to(user).exclude(pk=record.pk)
        merges = Merge.objects.of(self.model).undoable().filter(winner=record.pk).select_related("by").order_by("-at")
        context = {
            "candidates": self.merge_candidates(record, user),
            "search": text,
            "found": visible.search(text).order_by("pk")[:FOUND] if text else (),
            "merges": [{"merge": one, "name": str((one.before or {})["row"].get("name", ""))} for one in merges],
        }
        return self.page(request, "choose", record, context)

    def compare(self, request: HttpRequest, record: Record, other: Record) -> HttpResponse:
        """Show both records side by side."""
        moving = [(capfirst(str(kind._meta.verbose_name_plural)), number) for kind, number in counts(other).items()]
        context = {
            "other": other,
            "lines": list(lines(record, other, staff(request))),
            "moving": moving,
            "swapped": self.address(other, record),
        }
        return self.page(request, "compare", record, context)

    def page(self, request: HttpRequest, name: str, record: Record, context: dict[str, Any]) -> HttpResponse:
        """Answer a page about a record."""
        common = {"title": _("Merge"), "subtitle": str(record), "original": record, "opts": self.model._meta}
        known = {**self.admin_site.each_context(request), **common, **context}
        return TemplateResponse(request, f"admin/merging/{name}.html", known)

    def unite(self, request: HttpRequest, record: Record, other: Record) -> HttpResponse:
        """Merge, and show the record that remains; or say what stands in the way."""
        names = {line.name for line in lines(record, other, staff(request))}
        chosen = {name: value for name in names if (value := request.POST.get(name)) in {WINNER, LOSER}}
        name = str(other)
        try:
            with transaction.atomic():
                merge_records(winner=record, loser=other, by=staff(request), fields=chosen)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(self.address(record, other))
        except (NotThere, IntegrityError):
            messages.error(request, _("They changed meanwhile. Look again."))
            return HttpResponseRedirect(self.address(record))
        messages.success(request, _("%s is now part of this record. It can be undone for 30 days.") % name)
        return HttpResponseRedirect(self.change_page(record.pk))

    def undo(self, request: HttpRequest, record: Record) -> HttpResponse:
        """Undo a merge into a record, and say what could not be put back."""
        merges = Merge.objects.of(self.model).filter(winner=record.pk)
        merge = get_object_or_404(merges, pk=key_of(request.POST["undo"]))
        try:
            with transaction.atomic():
                undone = undo_merge(merge=merge, model=self.model)
        except NotUndoable:
            messages.error(request, _("It can no longer be undone."))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except IntegrityError:
            messages.error(request, _("It cannot be restored: something that belongs to it is no longer there."))
        else:
            messages.success(request, _("They are two again."))
            if undone.left:
                messages.warning(request, _("Changed since, and left as they are: %s.") % self.left(undone.left))
            return HttpResponseRedirect(self.change_page(merge.loser))
        return HttpResponseRedirect(self.address(record))

    def left(self, names: Sequence[str]) -> str:
        """Return what could not be put back, in words."""
        labels = {one.attname: capfirst(str(one.verbose_name)) for one in self.model._meta.concrete_fields}
        return ", ".join(labels.get(name, name.removeprefix(CUSTOM)) for name in names)

    def address(self, record: Record, other: Record | None = None) -> str:
        """Return the address of the page that merges."""
        query = f"?{urlencode({'with': other.pk})}" if other else ""
        return f"{self.page_of(record.pk, 'merge')}{query}"

    def change_page(self, key: Any) -> str:
        """Return the address of a record's page."""
        return self.page_of(key, "change")

    def page_of(self, key: Any, name: str) -> str:
        """Return the address of one of a record's pages."""
        options = self.model._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_{name}", args=(key,))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        key = key_of(unquote(object_id))
        successor = Merge.objects.successor(self.model, key) if key else None
        if successor and self.model._default_manager.visible_to(staff(request)).filter(pk=successor).exists():
            messages.info(request, _("The record that you asked for is part of this one now."))
            return HttpResponseRedirect(self.change_page(successor))
        return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc,no-any-return]


def key_of(text: str) -> UUID | None:
    """Return the id that a text is; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def lines(winner: Record, loser: Record, user: User) -> Iterator[Line]:
    """Yield the fields in which at least one of the records has a value."""
    model = type(winner)
    rows = as_json(winner), as_json(loser)
    columns = choosable(model)
    keys = [one for one in columns if isinstance(one, models.ForeignKey)]
    wanted = {(one.related_model, row[one.attname]) for one in keys for row in rows if row[one.attname]}
    names = names_of(wanted, user)
    for one in columns:
        shown = [worded(model, one.name, row[one.attname], names) for row in rows]
        usual = LOSER if source(winner, loser, one.attname, "") is loser else WINNER
        if shown != [EMPTY, EMPTY]:
            yield Line(one.name, capfirst(str(one.verbose_name)), shown[0], shown[1], usual)
    labels = dict(CustomField.objects.of(model).values_list("name", "label"))
    for name in sorted(winner.custom | loser.custom, key=lambda name: labels.get(name, name)):
        shown = [worded(model, name, row["custom"].get(name), names) for row in rows]
        usual = WINNER if name in winner.custom else LOSER
        yield Line(f"{CUSTOM}{name}", labels.get(name, name), shown[0], shown[1], usual)


@admin.register(Merge)
class MergeAdmin(LogAdmin):
    """Which records became one."""

    list_display = ("at", "model", "winner", "loser", "by", "undone_at")
    list_select_related = ("by",)
    list_filter = (("at", DayRangeFilter),)
    list_filter_submit = True
    search_fields = ("winner", "loser")
    ordering = ("-at",)
    hidden_fields = ("before",)
