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
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
)

from crm.admin.base import ModelAdmin, ReadOnly, TabularInline
from crm.admin.pages import form_page
from crm.admin.site import staff
from crm.admin.system import LogAdmin
from crm.api.routers import resources
from crm.models import Change, Webhook, WebhookAttempt, WebhookDelivery
from crm.webhooks import actions as verbs
from crm.webhooks.rights import Caller, readable
from crm.webhooks.signatures import is_secret_of
from crm.webhooks.targets import Unsendable, check

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

SENT = ("created", "updated", "deleted", "erased")
WHAT = ("url", "description", "resources", "actions")


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

    present_secret = forms.CharField(
        label=_("present secret"),
        max_length=100,
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_("Needed where the address changes."),
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

    def clean(self) -> dict[str, Any]:
        """Refuse another address without the present secret."""
        said = super().clean() or {}
        has_moved = not self.instance._state.adding and "url" in self.changed_data
        if has_moved and not is_secret_of(self.instance, said.get("present_secret", "")):
            self.add_error("present_secret", forms.ValidationError(verbs.SecretNeeded.text, code="secret_needed"))
        return said


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

    unsearchable = frozenset({"secret", "previous_secret"})
    form = WebhookForm
    list_display = ("description_or_url", "state", "user", "application", "created_at")
    list_select_related = ("user", "application")
    ordering = ("-created_at",)
    readonly_fields = ("user", "application", "paused_at", "reason", "retry_at", "created_at", "updated_at")
    fields = (*WHAT, "user", "application", "paused_at", "reason", "retry_at", "created_at")
    actions = ("pause", "resume", "send_test", "rotate_secret")
    actions_detail = ("replay_span",)

    def get_fields(self, request: HttpRequest, obj: Webhook | None = None) -> Any:
        """Ask for the secret where an address can change."""
        if obj is None or not is_own(request, obj):
            return self.fields
        return ("url", "present_secret", *self.fields[1:])

    def get_readonly_fields(self, request: HttpRequest, obj: Webhook | None = None) -> Any:
        """Let only whom it belongs to say what a webhook hears of, and where that goes."""
        return self.readonly_fields if obj is None or is_own(request, obj) else (*WHAT, *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: Any) -> None:
        said, user = dict(form.cleaned_data), staff(request)
        shown = said.pop("present_secret", "")
        if change:
            if is_own(request, obj):
                stored = Webhook.objects.select_for_update().get(pk=obj.pk)
                verbs.change(webhook=stored, caller=Caller(user), secret=shown or None, **said)
            return
        scopes = frozenset(scope for scope in settings.SCOPES if scope.endswith(":read"))
        made, secret = verbs.subscribe(caller=Caller(user, scopes), **said)
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
        return "paused", self.reason(webhook) or _("paused")

    @display(description=_("reason of the pause"))
    def reason(self, webhook: Webhook) -> str:
        return gettext(webhook.pause_reason) if webhook.pause_reason else ""

    @admin.action(description=_("Pause"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            verbs.pause(webhook=webhook, reason=str(_("Paused by %s.") % request.user))

    @admin.action(description=_("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            try:
                verbs.resume(webhook=webhook, caller=Caller(staff(request)))
            except verbs.Ended as error:
                self.message_user(request, f"{webhook}: {error.text}", messages.ERROR)

    @admin.action(description=_("Send a test message"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            verbs.send_test(webhook=webhook)

    @admin.action(description=_("Renew the secret"), permissions=["change"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            if is_own(request, webhook):
                self.tell(request, webhook, verbs.rotate_secret(webhook=webhook, by=staff(request)))
            else:
                text = gettext("It belongs to another person or application.")
                self.message_user(request, f"{webhook}: {text}", messages.ERROR)

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


def is_own(request: HttpRequest, webhook: Webhook) -> bool:
    """Tell whether a webhook belongs to who is signed in."""
    return Caller(staff(request)).owns(webhook)


class AttemptInline(ReadOnly, TabularInline):
    model = WebhookAttempt
    fields = readonly_fields = ("at", "status", "milliseconds", "error", "request_headers", "response_body")
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.view_webhook")

    def get_fields(self, request: HttpRequest, obj: WebhookDelivery | None = None) -> Any:
        """Leave out what a receiver answered to what the reader may not see."""
        return self.fields if may_read(request, obj) else self.fields[:-1]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LogAdmin):
    """Messages, and each attempt to deliver them; what they tell, to those who see the records."""

    unsearchable = frozenset({"body", "record"})
    list_display = ("created_at", "event", "webhook", "status", "attempts", "next_attempt_at")
    list_select_related = ("webhook",)
    list_filter = (("status", ChoicesDropdownFilter),)
    ordering = ("-created_at", "-id")
    inlines = (AttemptInline,)
    actions = ("replay",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.view_webhook")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Leave out what the reader may not see."""
        names = super().get_fields(request, obj)
        return names if may_read(request, obj) else [name for name in names if name not in {"record", "body"}]

    @admin.action(description=_("Send once more"))
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        if not staff(request).has_perm("crm.change_webhook"):
            self.message_user(request, _("You may not do that."), messages.ERROR)
            return
        for delivery in queryset.select_related("webhook"):
            verbs.replay(delivery=delivery)


def may_read(request: HttpRequest, message: WebhookDelivery | None) -> bool:
    """Tell whether who is signed in sees the record that a message tells of."""
    kinds = [viewset.model for viewset in resources().values()]
    return message is not None and bool(readable([message], staff(request), kinds))
