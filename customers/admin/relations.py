"""Relations between customers in the staff site: on the customer's page from both sides, and as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from crm.admin import RecordAdmin, RecordInline, link_to, staff
from crm.admin.base import ModelAdmin, ReadOnly
from crm.admin.forms import RecordForm
from customers.models import Customer, Relationship, RelationshipType
from customers.relations import tree_below

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from crm.querysets import RecordQuerySet


def check_relation(form: Any, cleaned: dict[str, Any]) -> dict[str, Any]:
    """Say in a form what the database would refuse because of other relations."""
    draft = Relationship(pk=form.instance.pk)
    for name in ("from_customer", "type", "to_customer"):
        setattr(draft, name, cleaned.get(name) or (getattr(form.instance, name) if form.instance.type_id else None))
    if draft.from_customer and draft.type and draft.to_customer:
        draft.complete()
        draft.check_others()
    return cleaned


class RelationForm(RecordForm):
    """Refuses a second relation of the same kind, and a circle."""

    def clean(self) -> dict[str, Any]:
        return check_relation(self, super().clean())


class RelationInlineForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses a second relation of the same kind, and a circle."""

    def clean(self) -> dict[str, Any]:
        return check_relation(self, super().clean() or {})


class RelationInline(RecordInline):
    """What the customer is to others."""

    model = Relationship
    form = RelationInlineForm
    fk_name = "from_customer"
    verbose_name_plural = gettext_lazy("relations")
    fields = ("type", "to_customer", "since", "until", "note")
    autocomplete_fields: ClassVar[Any] = ("to_customer",)
    ordering = ("id",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "type":
            kwargs["queryset"] = RelationshipType.objects.order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> RecordQuerySet:
        return super().get_queryset(request).select_related("type", "from_customer", "to_customer")


class InverseRelationInline(ReadOnly, RelationInline):
    """What the customer is to others, where they come first; changed on their pages."""

    fk_name = "to_customer"
    verbose_name_plural = gettext_lazy("relations from the other side")
    fields = readonly_fields = ("words", "other", "since", "until", "note")
    autocomplete_fields = ()

    @display(description=gettext_lazy("type"))
    def words(self, relation: Relationship) -> str:
        return relation.type.words(is_inverse=True)

    @display(description=gettext_lazy("other customer"))
    def other(self, relation: Relationship) -> str:
        return link_to(relation.from_customer)


class WithTree:
    """Shows the tree below an organization."""

    @action(
        description=gettext_lazy("Tree"),
        url_path="tree",
        icon="account_tree",
        permissions=["tree"],
        extra_options={"display_in_dropdown": False},
    )
    def tree(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show who is below, each with its people."""
        screen: Any = self
        customer = screen.get_object(request, unquote(object_id))
        if customer is None:
            raise Http404
        context = {
            **screen.admin_site.each_context(request),
            "opts": Customer._meta,
            "title": _("Tree of %s") % customer,
            "top": tree_below(customer, staff(request)),
        }
        return TemplateResponse(request, "customers/tree.html", context)

    def has_tree_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Tell whether there is a tree: of organizations only."""
        key = str(object_id) if object_id else None
        return key is None or Customer.objects.filter(pk=key, kind=Customer.Kind.ORGANIZATION).exists()


@admin.register(Relationship)
class RelationshipAdmin(RecordAdmin):
    """How customers are related to one another."""

    form = RelationForm
    list_display = ("from_link", "type", "to_link", "since", "until")
    list_select_related = ("type",)
    list_filter = (("type", RelatedDropdownFilter),)
    linked = ("from_customer", "to_customer")
    autocomplete_fields = ("from_customer", "to_customer")
    ordering = ("-created_at", "-pk")
    sections = ((None, {"fields": ("from_customer", "type", "to_customer", ("since", "until"), "note")}),)

    @display(description=gettext_lazy("customer"))
    def from_link(self, relation: Relationship) -> str:
        return link_to(relation.from_customer)

    @display(description=gettext_lazy("other customer"))
    def to_link(self, relation: Relationship) -> str:
        return link_to(relation.to_customer)


@admin.register(RelationshipType)
class RelationshipTypeAdmin(ModelAdmin):
    """Types of relations; whoever shapes records with custom fields adds and changes them."""

    list_display = ("name", "inverse_name", "code", "between", "is_hierarchical", "is_active")
    list_filter = (("is_active", BooleanRadioFilter),)
    search_fields = ("name", "inverse_name", "code")
    ordering = ("name", "id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("crm.add_customfield")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.change_customfield")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.delete_customfield")
