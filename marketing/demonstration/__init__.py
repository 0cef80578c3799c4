"""Marketing for demonstration: segments, templates, and campaigns that were sent, wait, or are being written."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from crm.currencies import reporting_currency
from crm.models import User
from customers.demonstration import save
from customers.demonstration.consents import consent
from customers.models import Consent, Customer, Purpose
from marketing.demonstration.members import clicks, members
from marketing.models import Campaign, CampaignMember, Click, Segment, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from django.db.models import Model

    from crm.demonstration import Setting

SEED: Final = 30
NOT_OF_CAMPAIGNS: Final = ("segment", "template", "days_ago", "in_days", "share", "opening", "clicking")


def make(setting: Setting) -> Iterator[Sequence[Model]]:
    """Save segments, a purpose, templates, campaigns in all stages, their members and what they clicked."""
    texts = tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8"))
    random, marketer = Random(SEED), User.objects.filter(username="nadia").first()  # noqa: S311 -- it is to repeat itself
    owned = {"owner": marketer}
    segments = [checked(Segment(created_at=setting.now, **owned, **values)) for values in texts["segments"]]
    yield segments
    purpose, is_new = Purpose.objects.get_or_create(name=texts["purpose"]["name"], defaults=texts["purpose"])
    if is_new:
        yield [purpose]
    invited = list(segments[2].customers().exclude(email="").order_by("email"))
    agreed = [consent(one, purpose, setting.now - timedelta(days=40), "form", is_granted=True) for one in invited]
    yield save(Consent, agreed)
    templates = [checked(Template(created_at=setting.now, **owned, **values)) for values in texts["templates"]]
    yield templates
    purposes = {0: Purpose.objects.filter(name="marketing_email").first(), 1: purpose}
    plans = texts["campaigns"]
    made = [
        campaign(
            setting.now,
            plan,
            owner=marketer,
            segment=segments[plan["segment"]],
            purpose=purposes[plan["template"]],
            template=templates[plan["template"]],
        )
        for plan in plans
    ]
    yield save(Campaign, made)
    yield from sent(random, list(zip(made, plans, strict=True)), readers())


def checked[R: Model](row: R) -> R:
    """Save a row as if it had been typed."""
    row.full_clean()
    row.save()
    return row


def readers() -> list[Customer]:
    """Return who may be written to, in an order that repeats itself."""
    people = Customer.objects.consenting("marketing_email").exclude(email="")
    return list(people.order_by("email", "name"))


def campaign(now: datetime, plan: dict[str, Any], **around: Any) -> Campaign:
    """Return a campaign: sent some days ago, waiting for its time, or being written."""
    values = {name: value for name, value in plan.items() if name not in NOT_OF_CAMPAIGNS}
    money = {name: Decimal(values.pop(name)) for name in ("budget", "actual_cost") if name in values}
    one = Campaign(**around, **values, **money, currency=reporting_currency(), tracks_opens=True)
    one.from_name, one.from_address = "The Office Company", "news@crm.example"
    one.utm_source, one.utm_medium = "newsletter", "email"
    one.created_at = now - timedelta(days=plan.get("days_ago", 5) + 3)
    if "days_ago" in plan:
        one.started_at = now - timedelta(days=plan["days_ago"])
        one.finished_at, one.status, one.launched_by = one.started_at + timedelta(hours=6), "sent", one.owner
    elif "in_days" in plan:
        one.scheduled_at, one.status, one.launched_by = now + timedelta(days=plan["in_days"]), "scheduled", one.owner
    one.clean()
    return one


def sent(
    random: Random, made: Sequence[tuple[Campaign, dict[str, Any]]], customers: Sequence[Customer]
) -> Iterator[Sequence[Model]]:
    """Save who was part of the campaigns that were sent, and which links they followed."""
    begun = [(one, plan) for one, plan in made if one.started_at is not None]
    rows = [member for one, plan in begun for member in members(random, one, plan, customers)]
    yield save(CampaignMember, rows)
    yield Click.objects.bulk_create(click for member in rows for click in clicks(random, member))
