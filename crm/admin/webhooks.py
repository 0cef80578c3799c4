"""Webhooks in the staff site: who hears of changes, and how that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from crm.admin.base import ModelAdmin, TabularInline
from crm.admin.pages import form_page
from crm.admin.site import staff
from crm.admin.system import LogAdmin
from crm.api.routers import resources
from crm.models import Change, Webhook, WebhookAttempt, WebhookDelivery
from crm.webhooks import actions as verbs
from crm.webhooks.targets import Unsendable, check

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

SENT = ("created", "updated", "deleted", "erased")


class WebhookForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable as the program runs
    """Where to send what."""

    resources = forms.MultipleChoiceField(
        label=_("resources"),
        choices=lambda: [(name, one.model._meta.verbose_name_plural) for name, one in resources().items()],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None stands for all."),
    )
    actions = forms.MultipleChoiceField(
        label=_("actions"),
        choices=[(value, label) for value, label in Change.Action.choices if value in SENT],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("None stands for all."),
    )

    class Meta:
        model = Webhook
        fields = ("url", "description", "resources", "actions")

    def clean_url(self) -> str:
        """Refuse an address that nothing could be sent to."""
        url: str = self.cleaned_data["url"]
        try:
            check(url)
        except Unsendable as error:
            raise forms.ValidationError(str(error), code="invalid") from error
        return url


class SpanForm(forms.Form):
    """A span of time, in the time zone of the site."""

    start = forms.DateTimeField(label=_("from"), widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}))
    end = forms.DateTimeField(label=_("until"), widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}))

    def clean(self) -> dict[str, Any]:
        """Refuse a span that ends before it begins."""
        said = super().clean() or {}
        if said.get("start") and said.get("end") and said["end"] <= said["start"]:
            raise forms.ValidationError(_("It ends before it begins."), code="invalid")
        return said


@admin.register(Webhook)
class WebhookAdmin(ModelAdmin):
    """Subscriptions to changes."""

    form = WebhookForm
    list_display = ("description_or_url", "state", "user", "created_at")
    list_select_related = ("user",)
    ordering = ("-created_at",)
    readonly_fields = ("user", "paused_at", "pause_reason", "created_at", "updated_at")
    fields = ("url", "description", "resources", "actions", "user", "paused_at", "pause_reason", "created_at")
    actions = ("pause", "resume", "send_test", "rotate_secret")
    actions_detail = ("replay_span",)

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: Any) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made, secret = verbs.subscribe(
            user=staff(request),
            scopes=[scope for scope in settings.SCOPES if scope.endswith(":read")],
            **form.cleaned_data,
        )
        obj.pk = made.pk
        obj.refresh_from_db()
        self.tell(request, obj, secret)

    def tell(self, request: HttpRequest, webhook: Webhook, secret: str) -> None:
        """Show a secret this once."""
        text = _("%(webhook)s signs with %(secret)s. Note it now, it is not shown again.")
        self.message_user(request, text % {"webhook": webhook, "secret": secret}, messages.WARNING)

    @display(description=_("webhook"))
    def description_or_url(self, webhook: Webhook) -> str:
        return str(webhook)

    @display(description=_("state"), label={"active": "success", "paused": "warning"})
    def state(self, webhook: Webhook) -> tuple[str, Any]:
        if webhook.paused_at is None:
            return "active", _("active")
        return "paused", webhook.pause_reason or _("paused")

    @admin.action(description=_("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            verbs.pause(webhook=webhook, reason=str(_("Paused by %s.") % request.user))

    @admin.action(description=_("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            verbs.resume(webhook=webhook)

    @admin.action(description=_("Send a test message"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            verbs.send_test(webhook=webhook)

    @admin.action(description=_("Renew the secret"), permissions=["change"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            self.tell(request, webhook, verbs.rotate_secret(webhook=webhook, by=staff(request)))

    @action(description=_("Send once more"), url_path="replay", icon="replay", permissions=["change"])
    def replay_span(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send once more what changed in a span of time."""
        webhook = self.get_object(request, unquote(object_id))
        if webhook is None:
            raise Http404
        form = SpanForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            count = verbs.replay_span(webhook=webhook, **form.cleaned_data)
            self.message_user(request, ngettext("%d message.", "%d messages.", count) % count, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:crm_webhook_change", args=(webhook.pk,)))
        text = gettext("Whatever changed in this time is sent again; each message keeps its id.")
        return form_page(self, request, form, title=str(webhook), button=gettext("Send once more"), explanation=text)


class AttemptInline(TabularInline):
    model = WebhookAttempt
    fields = readonly_fields = ("at", "status", "milliseconds", "error", "request_headers", "response_body")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.view_user")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LogAdmin):
    """Messages, and each attempt to deliver them."""

    list_display = ("created_at", "event", "webhook", "status", "attempts", "next_attempt_at")
    list_select_related = ("webhook",)
    list_filter = (("status", ChoicesDropdownFilter),)
    ordering = ("-created_at", "-id")
    inlines = (AttemptInline,)
    actions = ("replay",)

    @admin.action(description=_("Send once more"))
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        if not staff(request).has_perm("crm.change_webhook"):
            self.message_user(request, _("You may not do that."), messages.ERROR)
            return
        for delivery in queryset.select_related("webhook"):
            verbs.replay(delivery=delivery)
