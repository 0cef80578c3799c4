"""What a campaign's results look like over REST."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from marketing.attribution import Touch
from marketing.models import Campaign


def number(help_text: Any) -> serializers.IntegerField:
    """Return a field for how many."""
    return serializers.IntegerField(min_value=0, help_text=help_text)


def numbers(help_text: Any) -> serializers.DictField:
    """Return a field for how many by name."""
    return serializers.DictField(child=serializers.IntegerField(min_value=0), help_text=help_text)


def percentage(help_text: Any) -> serializers.DecimalField:
    """Return a field for a share in percent; null of nothing."""
    return serializers.DecimalField(12, 2, allow_null=True, help_text=help_text)


def amount(help_text: Any, **options: Any) -> serializers.DecimalField:
    """Return a field for an amount in the reporting currency."""
    return serializers.DecimalField(22, 2, help_text=help_text, **options)


class FollowedLinkSerializer(serializers.Serializer[Any]):
    """How often a link was followed."""

    url = serializers.CharField(max_length=500, help_text=_("The link, without its parameters."))
    clicks = number(_("How often; machines are not counted."))
    customers = number(_("By how many customers."))


class VariantSerializer(serializers.Serializer[Any]):
    """What became of the messages with one of two subjects."""

    variant = serializers.ChoiceField(Campaign.Variant.values, help_text=_("Which of the two."))
    subject = serializers.CharField(max_length=300, help_text=_("Subject line, with its placeholders."))
    is_winner = serializers.BooleanField(help_text=_("Whether the rest got this one."))
    members = number(_("Who was to get it."))
    sent = number(_("How many were sent."))
    delivered = number(_("How many did not come back."))
    opened = number(_("How many were opened, as far as noted."))
    clicked = number(_("In how many a link was followed."))
    open_rate = percentage(_("Opened of delivered, in percent."))
    click_rate = percentage(_("Clicked of delivered, in percent."))


class MomentSerializer(serializers.Serializer[Any]):
    """What happened in an hour, or in a day."""

    at = serializers.DateTimeField(help_text=_("Its beginning."))
    opened = number(_("How many opened for the first time."))
    clicked = number(_("How many followed a link for the first time."))


class OwedSerializer(serializers.Serializer[Any]):
    """What a campaign is owed of deals, by one way to count."""

    touch = serializers.ChoiceField([(one.value, one.value) for one in Touch], help_text=_("To whom a deal is owed."))
    pipeline = amount(_("Of open deals."))
    won = amount(_("Of deals won."))
    roi = percentage(_("What came back beyond the cost, in percent of it; null without a cost."))


class ReturnsSerializer(serializers.Serializer[Any]):
    """What a campaign cost and brought; null for who may see no deals."""

    currency = serializers.CharField(max_length=3, help_text=_("Reporting currency, of all amounts here."))
    leads = number(_("Leads that it brought."))
    deals = number(_("How many of them became deals."))
    won = number(_("How many of these were won."))
    cost = amount(_("What it did cost; null where that is not known."), allow_null=True)
    cost_per_lead = amount(_("Cost of a lead; null without cost or leads."), allow_null=True)
    owed = OwedSerializer(many=True, max_length=len(Touch), help_text=_("What it is owed, by each way to count."))  # type: ignore[call-arg]  # of the list that DRF makes


class ResultsSerializer(serializers.Serializer[Any]):
    """What became of a campaign, as of now."""

    members = number(_("Who is part of it."))
    states = numbers(_("How many members are in each state."))
    reasons = numbers(_("How many were skipped for each reason."))
    funnel = numbers(_("How many came so far, and further."))
    rates = serializers.DictField(
        child=serializers.DecimalField(12, 2, allow_null=True),
        help_text=_("Steps in percent of the one that each is compared with; null of nothing."),
    )
    links = FollowedLinkSerializer(many=True)
    variants = VariantSerializer(many=True, max_length=2, help_text=_("The two subjects, where there are two."))  # type: ignore[call-arg]  # of the list that DRF makes
    course = MomentSerializer(many=True, max_length=60, help_text=_("By the hour for two days, then by the day."))  # type: ignore[call-arg]  # of the list that DRF makes
    returns = ReturnsSerializer(allow_null=True)
