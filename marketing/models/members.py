"""Who is part of a campaign, and what became of their message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.models import Record, new_id
from crm.querysets import RecordQuerySet
from customers.models import Customer
from marketing.models.campaigns import Campaign

if TYPE_CHECKING:
    from datetime import datetime


class CampaignMemberQuerySet(RecordQuerySet):
    def of(self, campaign: Campaign) -> Self:
        """Keep the members of one campaign."""
        return self.filter(campaign=campaign)

    def reached(self) -> Self:
        """Keep those to whom a message went out, or may have."""
        return self.exclude(state__in=CampaignMember.NOT_OUT)


def moment(name: object, help_text: object) -> models.DateTimeField[datetime | str | None, datetime | None]:
    """Return a field for when something happened, if it did."""
    return models.DateTimeField(name, null=True, blank=True, help_text=help_text)  # type: ignore[arg-type]  # lazy


class CampaignMember(Record):
    """That a customer is part of a campaign, once; and how far their message has come."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        SENT = "sent", pgettext_lazy("message", "sent")
        SENT_UNCONFIRMED = "sent_unconfirmed", _("sent, not confirmed")
        DELIVERED = "delivered", _("delivered")
        OPENED = "opened", _("opened")
        CLICKED = "clicked", _("clicked")
        REPLIED = "replied", _("replied")
        BOUNCED = "bounced", _("bounced")
        COMPLAINED = "complained", _("complained")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        SKIPPED = "skipped", _("skipped")

    class Reason(models.TextChoices):
        NO_CONSENT = "no_consent", _("no consent")
        SUPPRESSED = "suppressed", _("address is suppressed")
        NO_ADDRESS = "no_address", _("no address")
        INACTIVE = "inactive", _("customer is not active")
        SAME_ADDRESS = "same_address", _("another member has the address")
        CANCELLED = "cancelled", _("campaign was cancelled")
        UNRENDERABLE = "unrenderable", _("template could not be filled in")
        REFUSED = "refused", _("mail server refused it")

    NOT_OUT: Final = (State.QUEUED, State.SENDING, State.SKIPPED)
    # What the timeline of a customer tells of.
    TOLD: Final = (
        *("sent_at", "opened_at", "clicked_at", "replied_at", "bounced_at", "complained_at", "unsubscribed_at"),
    )

    visible_through = "customer"

    campaign = models.ForeignKey(
        Campaign,
        verbose_name=_("campaign"),
        on_delete=models.PROTECT,
        related_name="members",
        help_text=_("Of what the customer is part."),
    )
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="campaign_members",
        help_text=_("Who."),
    )
    state = models.CharField(
        _("state"), max_length=16, choices=State, default=State.QUEUED, help_text=_("How far the message has come.")
    )
    reason = models.CharField(
        _("reason"), max_length=12, choices=Reason, blank=True, help_text=_("Why nothing was sent.")
    )
    detail = models.CharField(
        _("detail"), max_length=500, blank=True, help_text=_("What the mail server, or the template, said.")
    )
    variant = models.CharField(
        _("subject"), max_length=1, choices=Campaign.Variant, blank=True, help_text=_("Which of two subjects.")
    )
    message_id = models.CharField(
        "Message-ID", max_length=300, blank=True, help_text=_("Message-ID of the message, by which answers are known.")
    )
    address_digest = models.CharField(
        _("digest of the address"),
        max_length=64,
        blank=True,
        help_text=_("SHA-256 of the address, in lower case, that the message went to."),
    )
    attempts = models.PositiveSmallIntegerField(
        _("attempts"), default=0, help_text=_("How often the mail server asked to come again later.")
    )
    due_at = moment(_("not before"), _("Until when the message waits, such as for the end of quiet hours."))
    claimed_at = moment(_("begun at"), _("When sending began."))
    sent_at = moment(_("sent at"), _("When the mail server took the message."))
    delivered_at = moment(_("delivered at"), _("When it was delivered, as far as a provider says."))
    opened_at = moment(_("opened at"), _("When it was first opened, as far as noted."))
    clicked_at = moment(_("clicked at"), _("When a link was first followed, as far as noted."))
    replied_at = moment(_("replied at"), _("When the customer answered."))
    bounced_at = moment(_("bounced at"), _("When it came back."))
    complained_at = moment(_("complained at"), _("When the customer reported it as unwanted."))
    unsubscribed_at = moment(_("unsubscribed at"), _("When the customer unsubscribed by it."))

    objects = CampaignMemberQuerySet.as_manager()  # type: ignore[misc]  # more than all records have

    class Meta(Record.Meta):
        verbose_name = _("campaign member")
        verbose_name_plural = _("campaign members")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "customer"],
                name="campaign_member_once",
                violation_error_message=_("The customer is part of the campaign already."),
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        *("queued", "sending", "sent", "sent_unconfirmed", "delivered", "opened", "clicked"),
                        *("replied", "bounced", "complained", "unsubscribed", "skipped"),
                    ]
                ),
                name="campaign_member_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state="skipped") & ~Q(reason="") | ~Q(state="skipped") & Q(reason=""),
                name="campaign_member_skipped_for",
            ),
            models.CheckConstraint(condition=Q(variant__in=["", "a", "b"]), name="campaign_member_variant_known"),
        ]
        indexes = [  # those of all records, under names that are short enough, and its own
            models.Index(fields=["created_at", "id"], name="campaign_member_created"),
            models.Index(fields=["updated_at", "id"], name="campaign_member_updated"),
            GinIndex(fields=["tags"], name="campaign_member_tags"),
            models.Index(fields=["campaign", "state", "id"], name="campaign_member_state"),
            models.Index(
                fields=["campaign", "due_at", "id"], name="campaign_member_queue", condition=Q(state="queued")
            ),
            models.Index(fields=["campaign"], name="campaign_member_begun", condition=Q(state="sending")),
            models.Index(fields=["customer", "sent_at"], name="campaign_member_customer"),
            models.Index(
                fields=["campaign", "address_digest"], name="campaign_member_address", condition=~Q(address_digest="")
            ),
            models.Index(fields=["message_id"], name="campaign_member_message", condition=~Q(message_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}: {self.customer}"


class Click(models.Model):
    """How often a customer followed a link of a campaign; the link without its parameters."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    campaign = models.ForeignKey(Campaign, verbose_name=_("campaign"), on_delete=models.PROTECT, related_name="clicks")
    customer = models.ForeignKey(Customer, verbose_name=_("customer"), on_delete=models.PROTECT, related_name="+")
    url = models.CharField(_("link"), max_length=500)
    count = models.PositiveIntegerField(_("clicks"), default=1)
    first_at = models.DateTimeField(_("first at"))
    last_at = models.DateTimeField(_("last at"))

    class Meta:
        verbose_name = _("click")
        verbose_name_plural = _("clicks")
        constraints = [models.UniqueConstraint(fields=["campaign", "url", "customer"], name="click_once")]
        indexes = [models.Index(fields=["customer"], name="click_customer")]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.url
