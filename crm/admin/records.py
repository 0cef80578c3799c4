"""Records in the staff site: seen, found, chosen and changed only as far as the user's roles go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib.admin.options import ActionLocation
from django.contrib.admin.utils import NestedObjects
from django.db import router
from django.db.models import ForeignKey
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from crm.admin.added import actions_of, filters_of
from crm.admin.attaching import WithAttachments
from crm.admin.base import GenericTabularInline, ModelAdmin, StackedInline, TabularInline
from crm.admin.changelists import RecordChangeList
from crm.admin.custom import FILTERED, column, list_filter, sections
from crm.admin.exports import WithExport
from crm.admin.forms import RecordForm, form_for
from crm.admin.history import WithHistory
from crm.admin.imports import WithImport
from crm.admin.links import link_to
from crm.admin.lists import CappedPaginator
from crm.admin.locking import OneAfterAnother
from crm.admin.site import staff
from crm.admin.tags import TagFilter, TagsFormField, colors_of, labels
from crm.admin.views import WithViews
from crm.custom.definitions import begin, definitions
from crm.custom.values import words
from crm.models import ExternalReference, Record, Team, User
from crm.querysets import Public

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.contrib.admin import AdminSite
    from django.db.models import Model, QuerySet
    from django.forms import BaseFormSet, ModelChoiceField, ModelForm
    from django.http import HttpRequest

    from crm.models import CustomField
    from crm.querysets import RecordQuerySet


class Visible:
    """Narrows an admin or an inline of records to what the user may see, also as targets of foreign keys."""

    model: type[Record]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(self.model) is not None

    def get_queryset(self, request: HttpRequest) -> RecordQuerySet:
        queryset: RecordQuerySet = super().get_queryset(request)  # type: ignore[misc]
        return queryset.visible_to(staff(request))

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        blank = [("", _("Select value"))]
        pairs = db_field.get_choices(include_blank=db_field.blank, blank_choice=blank)
        kwargs.setdefault("choices", [(value, capfirst(label)) for value, label in pairs])
        return super().formfield_for_choice_field(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        target = db_field.related_model
        if target is User:
            kwargs.setdefault("queryset", User.objects.order_by("first_name", "last_name", "username"))
            kwargs.setdefault("widget", UnfoldAdminSelect2Widget)
        elif target is Team:
            kwargs.setdefault("queryset", Team.objects.order_by("name"))
        else:
            everything: Any = target._default_manager.all()
            kwargs.setdefault("queryset", everything.visible_to(staff(request)))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc,no-any-return]


class RecordInline(Visible, TabularInline):
    """The records that belong to another, in a table on its page."""

    extra = 0
    tab = True
    show_change_link = True


class StackedRecordInline(Visible, StackedInline):
    """The records that belong to another, one below the other on its page."""

    extra = 0
    tab = True


class ExternalReferenceInline(GenericTabularInline):
    """The names by which other systems know a record; whoever sees the record sees them."""

    model = ExternalReference
    fields = ("system", "external_id")
    extra = 0
    tab = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class RecordAdmin(
    OneAfterAnother, WithAttachments, WithHistory, WithImport, WithExport, WithViews, Visible, ModelAdmin
):
    """What every kind of record has in the staff site; a subclass names columns, filters and fields.

    `sections` are fieldsets shown as tabs; the record's common fields follow them. `linked` names the foreign keys
    to records that the list shows: None there where the user may not see the record.
    """

    form = RecordForm
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ModelAdmin.show_facets.NEVER
    list_per_page = 50
    list_select_related: ClassVar[Any] = ("owner", "team")
    linked: ClassVar[Sequence[str]] = ()
    list_filter_submit = True
    list_filter_sheet = True
    warn_unsaved_form = True
    change_form_before_template = "admin/record_version.html"
    readonly_fields: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "custom_values", "tag_labels")
    inlines: ClassVar[Any] = (ExternalReferenceInline,)
    sections: ClassVar[Sequence[tuple[Any, dict[str, Any]]]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RecordChangeList]:
        return RecordChangeList

    def __init__(self, model: type[Record], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self.search_fields = model.search_fields  # type: ignore[misc]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (queryset.search(search_term) if search_term.strip() else queryset), False  # type: ignore[attr-defined]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        hidden = self.out_of_sight(request, obj)
        first, *others = self.get_sections(request, obj)
        tags = "tags" if obj is None or self.has_change_permission(request, obj) else "tag_labels"
        first = (first[0], {**first[1], "fields": [*first[1]["fields"], tags]})
        return [
            (title, {**options, "fields": without(options["fields"], hidden)}) for title, options in (first, *others)
        ]

    def out_of_sight(self, request: HttpRequest, obj: Any) -> set[str]:
        """Return the foreign keys that name a record the user may not see: not shown, so left as they are."""
        user = staff(request)
        return {
            field.name
            for field in self.model._meta.fields
            if isinstance(field, ForeignKey) and not isinstance(field.related_model._default_manager.all(), Public)
            if obj is not None and (key := getattr(obj, field.attname)) is not None
            if not cast("Any", field.related_model._default_manager.all()).visible_to(user).filter(pk=key).exists()
        }

    def get_sections(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Return the fieldsets: the kind's own, then those that every record has."""
        common = ["owner", "team", *(["created_at", "updated_at"] if obj else [])]
        may_write = self.has_change_permission(request, obj) if obj else True
        fields = self.custom_fields(request)
        read_only = [(_("Custom fields"), {"classes": ["tab"], "fields": ["custom_values"]})] if fields else []
        return [
            *self.sections,
            *(sections(fields) if may_write else read_only),
            (_("Responsibility"), {"classes": ["tab"], "fields": common}),
        ]

    def custom_fields(self, request: HttpRequest) -> list[CustomField]:
        """Return the fields that administrators added to this kind of record; asked for once a request."""
        return list(definitions(self.model, staff(request)).active.values())

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        first, *others = super().get_list_display(request)
        return [first, "tag_labels", *others, *(column(one) for one in self.custom_fields(request) if one.in_list)]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        chosen = [one for one in self.custom_fields(request) if one.in_list and one.type in FILTERED]
        return [*super().get_list_filter(request), TagFilter, *filters_of(self.model), *map(list_filter, chosen)]

    def get_actions(self, request: HttpRequest, action_location: Any = ActionLocation.CHANGE_LIST) -> dict[str, Any]:
        found = super().get_actions(request, action_location)
        offered = [one for one in actions_of(self.model) if one.is_offered(self, request, action_location)]
        return {**found, **{one.__name__: self.get_action(one) for one in offered}}

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 -- Django's
        **kwargs: Any,
    ) -> type[ModelForm[Any]]:
        fields = self.custom_fields(request) if self.has_change_permission(request, obj) or not obj else []
        kwargs["form"] = form_for(self.form, fields, staff(request))
        return super().get_form(request, obj, change, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tags":
            return TagsFormField(label=capfirst(db_field.verbose_name), required=False, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        record = kwargs.get("obj")
        context["tag_labels"] = self.tag_labels(record) if record else ""
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=_("tags"))
    def tag_labels(self, record: Any) -> str:
        """Return the coloured labels of a record's tags."""
        return labels(record.tags, getattr(record, "tag_colors", None) or colors_of(record.tags))

    @display(description=_("custom fields"))
    def custom_values(self, record: Record) -> str:
        """Return the values of the administrator's fields, for those who may only read them."""
        found = definitions(type(record)).active.items()
        pairs = [(one.label, words(one, record.custom[name])) for name, one in found if name in record.custom]
        return ", ".join(f"{label}: {value}" for label, value in pairs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        user = staff(request)
        return {"owner": user.pk, "team": user.team_id, **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        assign(obj, staff(request))
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: BaseFormSet[Any], change: Any) -> None:
        for record in formset.save(commit=False):  # type: ignore[attr-defined]
            if isinstance(record, Record):
                assign(record, staff(request))
                if record._state.adding:
                    begin([record])
        formset.save()  # type: ignore[attr-defined]

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        listed, counts, lacking, protected = super().get_deleted_objects(objs, request)
        lacking.discard(ExternalReference._meta.verbose_name)
        if protected:
            protected = self.visible_referrers(objs, staff(request))
        return listed, counts, lacking, protected

    def visible_referrers(self, records: Iterable[Record], user: User) -> list[str]:
        """Return links to the records that keep `records` from deletion, and how many of them are out of sight."""
        collector = NestedObjects(using=router.db_for_write(self.model), origin=records)
        collector.collect(list(records))
        by_model: dict[type[Model], list[Model]] = {}
        for one in collector.protected:
            by_model.setdefault(type(one), []).append(one)
        links: list[str] = []
        hidden = 0
        for model, found in by_model.items():
            seen = visible_among(found, model, user)
            links += [link_to(one, label=f"{capfirst(model._meta.verbose_name)}: {one}") for one in seen]
            hidden += len(found) - len(seen)
        if hidden:
            text = ngettext("%(count)d record that you may not see", "%(count)d records that you may not see", hidden)
            links.append(text % {"count": hidden})
        return links


def visible_among(rows: list[Model], model: type[Model], user: User) -> list[Model]:
    """Return those of `rows`, all of them of `model`, that `user` may see."""
    everything: Any = model._default_manager.all()
    if not hasattr(everything, "visible_to"):  # the log of a provider, say: nobody sees its rows one by one
        return []
    visible = everything.visible_to(user).filter(pk__in=[row.pk for row in rows])
    keys = set(visible.values_list("pk", flat=True))
    return [row for row in rows if row.pk in keys]


def without(fields: Iterable[Any], hidden: set[str]) -> list[Any]:
    """Return the fields of a fieldset, some of them in rows, but those that are hidden."""
    kept = (without(field, hidden) if isinstance(field, tuple | list) else field for field in fields)
    return [field for field in kept if field and (isinstance(field, list) or field not in hidden)]


def assign(record: Record, user: User) -> None:
    """Make `user` and their team responsible for a new record, unless the record names others."""
    if record._state.adding:
        record.owner_id = record.owner_id or user.pk
        record.team_id = record.team_id or user.team_id
