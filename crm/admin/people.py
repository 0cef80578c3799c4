"""Colleagues, their teams and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from crm.admin.base import ModelAdmin
from crm.admin.guarding import Guarded, is_within
from crm.admin.links import link_to
from crm.admin.lists import ColleagueFilter
from crm.admin.site import staff
from crm.auth import sessions
from crm.auth.lockout import unlock
from crm.auth.rights import permissions_of, roles_of, teams_of
from crm.models import Team, User
from crm.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import ManyToManyField, QuerySet
    from django.http import HttpRequest

VERBS = {
    "add": _("add"),
    "change": _("change"),
    "delete": _("delete"),
    "view": _("see"),
    "view_own": _("see own"),
    "view_team": _("see the team's"),
    "view_all": _("see all"),
}


BEYOND = {"invalid_choice": _("You can only grant permissions that you have yourself. Ask a superuser.")}
ELSEWHERE = {"invalid_choice": _("You see the records of your own team only. Ask a superuser to choose another team.")}


class RoleChoiceField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Roles by their names in the reader's language."""

    def label_from_instance(self, obj: Any) -> str:
        return gettext(obj.name)


class PermissionChoiceField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Permissions in words: what is done, and to which records."""

    def label_from_instance(self, obj: Any) -> str:
        model = obj.content_type.model_class()
        verb = VERBS.get(obj.codename.removesuffix(f"_{obj.content_type.model}"))
        if model is None or verb is None:
            return gettext(obj.name)
        options = model._meta
        return f"{options.app_config.verbose_name} | {capfirst(options.verbose_name)} | {verb}"


class AccountAdmin(ModelAdmin):
    """A screen where colleagues may change their own account or role: their session stays, all else of theirs ends."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return answered(super().changeform_view, request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return answered(super().changelist_view, request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return answered(super().delete_view, request, *args, **kwargs)


def answered(view: Callable[..., Any], request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
    """Answer by a view, whose changes do not end the session that they are made in."""
    if request.method != "POST":
        return view(request, *args, **kwargs)
    with sessions.in_hand(request):
        return view(request, *args, **kwargs)


@admin.register(User)
class UserAdmin(Guarded, DjangoUserAdmin, AccountAdmin):  # type: ignore[type-arg]
    """Accounts; nobody changes one that may do more than they, nor takes their own rights away."""

    actions = ("sign_out", "let_sign_in")
    beyond = _("This account has more permissions than yours. Only a superuser can change it.")
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "team", "role_names", "is_active", "last_login")
    list_filter = (("team", ColleagueFilter), ("is_active", BooleanRadioFilter), ("is_staff", BooleanRadioFilter))
    list_filter_submit = True
    list_select_related = ("team",)
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"classes": ["tab"], "fields": ("first_name", "last_name", "email", "language", "team")}),
        (_("Rights"), {"classes": ["tab"], "fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Dates"), {"classes": ["tab"], "fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email", "team", "groups", "is_staff")}),
        (_("Password"), {"fields": ("usable_password", "password1", "password2")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        if obj == staff(request):  # so there is always a superuser: only one changes another
            return (*fields, "is_active", "is_staff", "is_superuser")
        return fields if staff(request).is_superuser else (*fields, "is_superuser")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and obj != staff(request)

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return answered(super().user_change_password, request, *args, **kwargs)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        if db_field.name == "groups":
            kwargs |= {"form_class": RoleChoiceField, "queryset": roles_of(staff(request)), "error_messages": BEYOND}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "team":
            kwargs |= {"queryset": teams_of(staff(request)), "error_messages": ELSEWHERE}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.action(description=_("Unlock sign-in"), permissions=["change"])
    def let_sign_in(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """End the wait after failed sign-ins, wherever they came from."""
        chosen = [user for user in queryset if self.has_change_permission(request, user)]
        count = unlock(users=chosen, by=staff(request))
        text = ngettext("%d person can sign in again.", "%d people can sign in again.", count) % count
        self.message_user(request, text)

    @admin.action(description=_("Sign out everywhere"), permissions=["change"])
    def sign_out(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """End all that the chosen accounts have open, such as where a telephone was lost."""
        chosen = list(queryset)
        if not all(is_within(request, user) for user in chosen):
            raise PermissionDenied
        for user in chosen:
            sessions.end_all(user=user, by=staff(request))
        text = ngettext(
            "%(count)d account is signed out everywhere.", "%(count)d accounts are signed out everywhere.", len(chosen)
        )
        self.message_user(request, text % {"count": len(chosen)}, messages.SUCCESS)

    @display(description=_("name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @display(description=_("roles"))
    def role_names(self, user: User) -> str:
        return ", ".join(gettext(group.name) for group in user.groups.all())


@admin.register(Team)
class TeamAdmin(ModelAdmin):
    """Teams and who is in them."""

    list_display = ("name", "manager", "member_names")
    list_select_related = ("manager",)
    search_fields = ("name",)
    ordering = ("name",)
    autocomplete_fields = ("manager",)
    readonly_fields = ("members",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).prefetch_related("members")

    @display(description=_("members"))
    def member_names(self, team: Team) -> str:
        return ", ".join(str(user) for user in team.members.all())

    @display(description=_("members"))
    def members(self, team: Team) -> str:
        from django.utils.html import format_html_join

        return format_html_join(", ", "{}", ((link_to(user),) for user in team.members.all()))


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(Guarded, DjangoGroupAdmin, AccountAdmin):
    """Roles: the standard ones as they are, and mixtures that an administrator makes."""

    beyond = _("This role has more permissions than you. Only a superuser can change it.")
    list_display = ("role_name", "is_standard")
    ordering = ("pk",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.view_user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("crm.change_user")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_standard = isinstance(obj, Group) and obj.name in ROLES
        return staff(request).has_perm("crm.change_user") and not is_standard and is_within(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Any] | None:
        if db_field.name == "permissions" and request is not None:
            held = permissions_of(staff(request)).select_related("content_type").order_by("content_type", "pk")
            kwargs |= {"form_class": PermissionChoiceField, "queryset": held, "error_messages": BEYOND}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @display(description=_("role"))
    def role_name(self, group: Group) -> str:
        return gettext(group.name)

    @display(description=_("standard"), boolean=True)
    def is_standard(self, group: Group) -> bool:
        return group.name in ROLES
