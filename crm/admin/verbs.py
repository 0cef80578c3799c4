"""The verbs on a record's page: a button each, that leads to a small form and does what the API does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from crm.admin.site import staff
from crm.lines import LineField
from crm.models import User
from crm.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern


class VerbForm(forms.Form):
    """What a verb needs to know; `record` is what it is done to."""

    def __init__(self, *args: Any, record: Any, **kwargs: Any) -> None:
        """Take the record."""
        super().__init__(*args, **kwargs)
        self.record = record
        self.prepare()

    def prepare(self) -> None:
        """Offer what goes with the record; a form that needs it does."""

    def said(self) -> dict[str, Any]:
        """Return what the verb takes: all that was filled in."""
        return {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}


@dataclass(frozen=True)
class Verb:
    """Something that can be done to a record: `do(record, by, **said)` returns the record to show afterwards."""

    name: str
    title: Any
    icon: str
    do: Callable[..., Model]
    applies: Callable[[Any], bool]
    done: Any
    form: type[VerbForm] = VerbForm
    explanation: Any = ""
    is_main: bool = False


class WithVerbs:
    """Shows the verbs that apply to a record on its page, to whoever may change it."""

    verbs: ClassVar[Sequence[Verb]] = ()
    change_form_outer_before_template = "admin/verbs.html"

    def get_urls(self) -> list[URLPattern]:
        own: Any = self
        address = path(
            "<path:object_id>/do/<slug:name>",
            own.admin_site.admin_view(self.do_verb),
            name=f"{own.opts.app_label}_{own.opts.model_name}_do",
        )
        return [address, *super().get_urls()]  # type: ignore[misc]  # of the admin

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        record = kwargs.get("obj")
        if record is not None:
            context |= {"verbs": list(self.buttons(request, record)), "verb_links": self.links(request, record)}
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def links(self, request: HttpRequest, record: Any) -> Sequence[str]:
        """Return links to what stands around the record; a subclass knows."""
        return ()

    def buttons(self, request: HttpRequest, record: Any) -> Iterator[dict[str, Any]]:
        """Yield the verbs that apply, and where each is done."""
        own: Any = self
        if not own.has_change_permission(request, record):
            return
        for verb in self.verbs:
            if verb.applies(record):
                link = reverse(f"admin:{own.opts.app_label}_{own.opts.model_name}_do", args=(record.pk, verb.name))
                yield {"title": verb.title, "icon": verb.icon, "link": link, "is_main": verb.is_main}

    def do_verb(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask what a verb needs to know, do it, and show what came of it."""
        own: Any = self
        record = own.get_object(request, unquote(object_id))
        verb = next((one for one in self.verbs if one.name == name), None)
        if record is None or verb is None:
            raise Http404
        if not own.has_change_permission(request, record):
            raise PermissionDenied
        back = page_of(record)
        form = verb.form(request.POST if request.method == "POST" else None, record=record)
        if request.method == "POST" and form.is_valid():
            after = attempt(request, verb, record, form)
            if after is not None:
                return HttpResponseRedirect(page_of(after))
        context = {
            **own.admin_site.each_context(request),
            "title": verb.title,
            "subtitle": str(record),
            "record": record,
            "verb": verb,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "admin/verb.html", context)


def attempt(request: HttpRequest, verb: Verb, record: Model, form: VerbForm) -> Model | None:
    """Do a verb and return what to show; None where it was refused because of what the form says."""
    try:
        with transaction.atomic():
            after = verb.do(record, staff(request), **form.said())
    except Refused as error:
        messages.error(request, error.text)
        return record
    except ValidationError as error:
        form.add_error(None, error.messages)
        return None
    messages.success(request, verb.done)
    return after


def page_of(record: Model) -> str:
    """Return the address of a record's page."""
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=(record.pk,))


def text_field(label: Any, longest: int, **options: Any) -> forms.CharField:
    """Return a field for a line of text."""
    return LineField(label=label, max_length=longest, widget=UnfoldAdminTextInputWidget, **options)


def note_field(label: Any, longest: int) -> forms.CharField:
    """Return a field for a few lines, which may be left out."""
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})
    return forms.CharField(label=label, max_length=longest, required=False, widget=widget)


def amount_field(label: Any) -> forms.DecimalField:
    """Return a field for an amount, which may be left out."""
    return forms.DecimalField(
        label=label,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        required=False,
        widget=UnfoldAdminDecimalFieldWidget,
    )


def day_field(label: Any) -> forms.DateField:
    """Return a field for a day."""
    widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
    return forms.DateField(label=label, required=False, widget=widget, localize=False)


def choice_field(label: Any, choices: Any) -> forms.ChoiceField:
    """Return a field for one of some values."""
    return forms.ChoiceField(label=label, choices=choices, widget=UnfoldAdminSelectWidget)


def one_of(label: Any, rows: QuerySet[Any], **options: Any) -> forms.ModelChoiceField[Any]:
    """Return a field for one of some rows."""
    return forms.ModelChoiceField(rows, label=label, widget=UnfoldAdminSelectWidget, **options)


class AssignForm(VerbForm):
    """Who is to take over."""

    to = forms.ModelChoiceField(
        User.objects.filter(is_active=True), label=_("Colleague"), widget=UnfoldAdminSelect2Widget
    )
