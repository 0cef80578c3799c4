"""Programs that act for people, or as themselves: registered here, told their secret once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from oauth2_provider.generators import generate_client_secret
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import action

from crm.admin.base import ModelAdmin
from crm.admin.guarding import Guarded
from crm.admin.site import staff
from crm.admin.verbs import Verb, WithVerbs
from crm.auth.applications import forget, remove, switch
from crm.auth.rights import accounts_of
from crm.models import Application
from crm.models.applications import FIRST_PARTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

if admin.site.is_registered(Application):
    admin.site.unregister(Application)


def grants() -> list[tuple[str, Any]]:
    """Return the ways to a token that this installation offers."""
    closed = set()
    if not settings.ALLOW_IMPLICIT_GRANT:
        closed |= {Application.GRANT_IMPLICIT, Application.GRANT_OPENID_HYBRID}
    if not settings.ALLOW_PASSWORD_GRANT:
        closed.add(Application.GRANT_PASSWORD)
    return [(value, label) for value, label in Application.GRANT_TYPES if value not in closed]


BEYOND = {
    "invalid_choice": _("An application cannot act as an account with more permissions than yours. Ask a superuser.")
}
VERBS = (
    Verb(
        "switch-off",
        _("Switch off"),
        "power_settings_new",
        lambda one, by: switch(application=one, is_active=False, by=by),
        lambda one: one.is_active,
        _("The application is switched off. Its tokens no longer work."),
        explanation=_(
            "It is refused at once: its access and refresh tokens, codes and webhooks stop working, and nobody can "
            "authorize it. Nothing is deleted: when you switch it on again, whatever has not expired works again."
        ),
    ),
    Verb(
        "switch-on",
        _("Switch on"),
        "power_settings_new",
        lambda one, by: switch(application=one, is_active=True, by=by),
        lambda one: not one.is_active,
        _("The application is switched on."),
        explanation=_("Its tokens, codes and webhooks that have not expired work again."),
        is_main=True,
    ),
)


def given_to(applications: Sequence[Application]) -> Iterator[tuple[str, int]]:
    """Yield what is deleted with applications: the name of each kind, and how many."""
    for relation in Application._meta.related_objects:
        model: Any = relation.related_model
        count = model._base_manager.filter(**{f"{relation.field.name}__in": applications}).count()
        if count:
            yield str(model._meta.verbose_name_plural), count


@admin.register(Application)
class ApplicationAdmin(Guarded, WithVerbs, ModelAdmin):
    """OAuth clients; the one of the API's own sign-in is not shown."""

    beyond = _(
        "This application acts for an account with more permissions than yours, or skips consent. "
        "Only a superuser can change it."
    )
    verbs = VERBS
    unsearchable = frozenset({"client_secret"})
    list_display = ("name", "client_id", "is_active", "client_type", "authorization_grant_type", "user", "created")
    list_select_related = ("user",)
    list_filter = (
        ("is_active", BooleanRadioFilter),
        ("client_type", ChoicesDropdownFilter),
        ("authorization_grant_type", ChoicesDropdownFilter),
    )
    list_filter_submit = True
    search_fields = ("name", "client_id")
    ordering = ("name", "id")
    autocomplete_fields = ("user",)
    readonly_fields = ("client_id", "is_active", "created", "updated")
    actions_detail = ("renew_secret",)
    fieldsets = (
        (None, {"fields": ("name", "client_id", "is_active", "client_type", "authorization_grant_type")}),
        (_("Addresses"), {"fields": ("redirect_uris", "post_logout_redirect_uris", "allowed_origins")}),
        (_("Rights"), {"fields": ("user", "skip_authorization", "rate_limit", "created", "updated")}),
    )
    add_fieldsets = (
        (None, {"fields": ("name", "client_type", "authorization_grant_type")}),
        fieldsets[1],
        (_("Rights"), {"fields": ("user", "skip_authorization", "rate_limit")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        return super().get_queryset(request).exclude(client_id=FIRST_PARTY)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if staff(request).is_superuser else (*fields, "skip_authorization")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs |= {"queryset": accounts_of(staff(request)), "error_messages": BEYOND}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "authorization_grant_type":
            kwargs["choices"] = [("", _("Select value")), *grants()]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: Any) -> None:
        secret = obj.client_secret
        before = Application.objects.filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if before is not None and obj.is_wider_than(before):
            forget(application=obj, by=staff(request))
            self.message_user(
                request, _("Because of this change, everyone who had authorized the application is asked again.")
            )
        if not change and obj.client_type == Application.CLIENT_CONFIDENTIAL:
            self.tell(request, obj, secret)

    def tell(self, request: HttpRequest, application: Application, secret: str) -> None:
        """Show a secret, which is stored as a hash, this once."""
        text = _("Client id: %(id)s. Client secret: %(secret)s. Note it now, it is not shown again.")
        self.message_user(request, text % {"id": application.client_id, "secret": secret}, messages.WARNING)

    @action(description=_("Renew the secret"), url_path="renew-secret", icon="key", permissions=["renew_secret"])
    def renew_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, then replace the secret of a confidential application."""
        candidates = self.get_queryset(request).filter(client_type=Application.CLIENT_CONFIDENTIAL)
        application = get_object_or_404(candidates, pk=object_id)
        if not self.has_change_permission(request, application):
            raise PermissionDenied
        if request.method == "POST":
            secret = application.client_secret = generate_client_secret()  # type: ignore[no-untyped-call]
            application.save(update_fields=["client_secret", "updated"])
            self.log_change(request, application, [{"changed": {"fields": ["client secret"]}}])
            self.tell(request, application, secret)
            return redirect("admin:crm_application_change", application.pk)
        context = {**self.admin_site.each_context(request), "title": _("Renew the secret"), "application": application}
        return TemplateResponse(request, "admin/renew_secret.html", context)

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Say what goes with an application by numbers: the tokens' own screens let nobody delete one by one."""
        chosen = list(objs)
        counts: dict[str, int] = {str(Application._meta.verbose_name_plural): len(chosen), **dict(given_to(chosen))}
        listed = [*map(str, chosen), *(f"{capfirst(kind)}: {count}" for kind, count in given_to(chosen))]
        refused = any(not self.has_delete_permission(request, one) for one in chosen)
        return listed, counts, {str(Application._meta.verbose_name)} if refused else set(), []

    def delete_model(self, request: HttpRequest, obj: Application) -> None:
        remove(application=obj, by=staff(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Application]) -> None:
        for application in queryset:
            remove(application=application, by=staff(request))

    def has_renew_secret_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        application = self.get_queryset(request).filter(pk=obj).first() if isinstance(obj, str) else obj
        return self.has_change_permission(request, application)
