"""A form, rules and a few leads that came through the form, for demonstration."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from customers.models import Consent, Purpose
from sales.actions import capture_answer
from sales.models import AssignmentRule, LeadForm, ScoreRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import Model

    from crm.demonstration import Setting

KEY: Final = "demonstration"  # so that documents can name it
SCORES: Final[list[dict[str, Any]]] = [
    {"name": "Asks for a quotation", "field": "message", "operator": "contains", "value": "quote, price", "points": 25},
    {"name": "Writes from a company", "field": "email_kind", "operator": "is", "value": "business", "points": 15},
    {"name": "Comes by recommendation", "field": "source", "operator": "is", "value": "referral", "points": 20},
    {"name": "Can be called", "field": "phone", "operator": "is_filled", "points": 10},
    {
        "name": "In touch lately",
        "field": "interactions",
        "operator": "at_least",
        "value": "2",
        "days": 90,
        "points": 10,
    },
    {"name": "Free e-mail address", "field": "email_kind", "operator": "is", "value": "free", "points": -10},
]
ANSWERS: Final = [
    {"name": "Ingrid Solberg", "email": "ingrid@solberg.example", "company": "Solberg AS", "country": "NO"},
    {"name": "Tomás Ribeiro", "email": "tomas@ribeiro.example", "company": "Ribeiro Lda", "country": "PT"},
    {"name": "陈静", "email": "chenjing@lvye.example", "company": "绿叶贸易有限公司", "country": "CN"},
    {"name": "Carla Mendez", "email": "carla.mendez.demo@gmail.com", "country": "US"},
]
MESSAGES: Final = [
    "Could you quote 40 units, delivered in March?",
    "We would like to see a demonstration.",
    "请把价格表发给我。",
    "What is the price for a small shop?",
]


def make(setting: Setting) -> Iterator[Sequence[Model]]:
    """Save the form and the rules, then send the form a few times."""
    form = LeadForm(
        name="Contact form",
        key=KEY,
        title="Talk to us",
        introduction="Tell us what you need. We answer within a working day.",
        asked_fields=["name", "email", "phone", "company", "country", "message"],
        required_fields=["name", "email"],
        allowed_origins=["https://www.example.com"],
        thank_you="Thank you! A colleague will write to you soon.",
        purpose=Purpose.objects.filter(name="marketing_email").first(),
    )
    scores = [ScoreRule(**values) for values in SCORES]
    assignments = [
        AssignmentRule(
            name="Asia", order=10, countries=["CN", "JP", "KR"], method="load", team=setting.teams["Sales Asia"]
        ),
        AssignmentRule(
            name="Americas", order=20, countries=["US", "CA", "BR"], method="load", team=setting.teams["Sales Americas"]
        ),
        AssignmentRule(name="All others", order=30, method="round_robin", team=setting.teams["Sales Europe"]),
    ]
    for rows in ([form], scores, assignments):
        for row in rows:
            row.clean()
            row.save()
        yield rows
    leads = list(filter(None, (answer(form, *said) for said in zip(ANSWERS, MESSAGES, strict=True))))
    people = [lead.customer for lead in leads]
    yield [one.organization for one in people if one.organization]
    yield people
    yield leads
    consents = list(Consent.objects.filter(customer__in=people))
    if consents:
        yield consents


def answer(form: LeadForm, contact: Any, message: str) -> Any:
    """Send the form once."""
    digest = sha256(contact["email"].encode()).hexdigest()
    campaign = {"utm_source": "newsletter", "utm_campaign": "spring"}
    wording = form.purpose.wording if form.purpose else ""
    agreement: Any = {"evidence": wording, "ip_address": "192.0.2.10", "user_agent": "Demonstration"}
    return capture_answer(
        form=form,
        contact=contact,
        message=message,
        digest=digest,
        utm=campaign,
        agreement=agreement if wording else None,
    )
