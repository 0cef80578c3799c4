"""Scores: what the database says equals what each rule, asked one by one, gives."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from customers.models import Customer, Interaction
from sales import actions, jobs
from sales.models import Lead, ScoreRule
from tests.samples import make

pytestmark = pytest.mark.django_db
WORDS = ["website", "Messe", "Größe", "pump", "DE", "FR"]
TEXTS = ("source", "industry", "message", "country")


def rule(points: int = 10, *, field: str, operator: str, value: str = "", **more: Any) -> ScoreRule:
    one = ScoreRule(field=field, operator=operator, value=value, points=points, **more)
    one.full_clean()
    one.save()
    return one


def lead(**values: Any) -> Any:
    one = make(Lead, **values)
    one.refresh_from_db()
    return one


def folded(text: str) -> str:
    """Fold as people expect of a search: no capitals, no accents; Python's own way, apart from the database's."""
    plain = unicodedata.normalize("NFD", text.lower().replace("ß", "ss"))
    return "".join(one for one in plain if not unicodedata.combining(one))


def meets(one: ScoreRule, facts: dict[str, str], contacts: int) -> bool:
    """Ask one rule about one lead, without the database."""
    wanted = [folded(part) for part in one.value.split(", ")]
    said = folded(facts.get(one.field, ""))
    answers = {
        "is": said in wanted,
        "is_not": said not in wanted,
        "contains": any(part in said for part in wanted),
        "is_filled": said != "",
        "is_empty": said == "",
    }
    if one.field == "interactions":
        return contacts >= int(one.value) if one.operator == "at_least" else contacts <= int(one.value)
    return answers[one.operator]


conditions = st.one_of(
    st.tuples(
        st.sampled_from(["source", "industry", "message"]),
        st.sampled_from(["is", "is_not", "contains"]),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True).map(", ".join),
    ),
    st.tuples(st.just("country"), st.sampled_from(["is", "is_not"]), st.sampled_from(["DE", "FR", "DE, FR"])),
    st.tuples(st.sampled_from(TEXTS), st.sampled_from(["is_filled", "is_empty"]), st.just("")),
    st.tuples(st.just("interactions"), st.sampled_from(["at_least", "at_most"]), st.sampled_from(["0", "1", "2"])),
)
rules = st.lists(st.tuples(conditions, st.integers(-50, 50).filter(bool), st.booleans()), max_size=6)
facts_of = st.fixed_dictionaries(
    {name: st.sampled_from(["", *WORDS[:4]]) for name in TEXTS[:3]} | {"country": st.sampled_from(["", "DE", "FR"])}
)


@effort(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=rules, facts=facts_of, contacts=st.integers(0, 3))
def test_a_score_is_the_sum_of_its_reasons_and_of_the_rules_one_by_one(
    db: None, rules: Any, facts: dict[str, str], contacts: int
) -> None:
    with transaction.atomic():
        customer = make(Customer, industry=facts["industry"], country=facts["country"])
        for _number in range(contacts):
            make(Interaction, customer=customer, occurred_at=timezone.now() - timedelta(days=1))
        for (field, operator, value), points, is_active in rules:
            days = 7 if field == "interactions" else None
            rule(points, field=field, operator=operator, value=value, days=days, is_active=is_active)
        found = lead(customer=customer, source=facts["source"], message=facts["message"], subject="")
        met = {str(one.pk): one.points for one in ScoreRule.objects.in_use() if meets(one, facts, contacts)}
        assert {reason["rule"]: reason["points"] for reason in found.score_reasons} == met
        assert found.score == sum(met.values()) == sum(reason["points"] for reason in found.score_reasons)
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("field", "value", "customer", "values", "score"),
    [
        ("email_kind", "free", {"email": "a@gmail.com"}, {}, 10),
        ("email_kind", "business", {"email": "a@acme.example"}, {}, 10),
        ("email_kind", "none", {"email": ""}, {}, 10),
        ("email_kind", "free", {"email": "a@notgmail.com"}, {}, 0),
        ("rating", "hot", {}, {"rating": "hot"}, 10),
        ("lifecycle", "customer", {"lifecycle": "customer"}, {}, 10),
        ("lifecycle", "customer", {"lifecycle": "lead"}, {}, 0),
        ("source", "Trade fair, Messe", {}, {"source": "TRADE  FAIR"}, 10),
    ],
)
def test_a_rule_looks_at_the_lead_and_its_customer(
    field: str, value: str, customer: Any, values: Any, score: int
) -> None:
    rule(field=field, operator="is", value=value)
    assert lead(customer=make(Customer, **customer), **values).score == score


def test_a_person_has_the_country_and_the_industry_of_the_organization() -> None:
    rule(5, field="country", operator="is", value="de")
    rule(3, field="industry", operator="contains", value="werk")
    rule(1, field="company", operator="is_filled")
    firm = make(Customer, kind="organization", country="DE", industry="Bauwerke")
    assert lead(customer=make(Customer, organization=firm)).score == 9
    assert lead(customer=make(Customer, organization=firm, country="FR")).score == 4


def test_a_reason_says_which_rule_gave_how_much() -> None:
    one = rule(25, field="message", operator="contains", value="报价， quote", name="Asks for a price")
    assert one.value == "报价, quote"
    found = lead(message="请尽快报价")
    assert found.score_reasons == [{"rule": str(one.pk), "points": 25, "text": "Asks for a price"}]


def test_a_rule_without_a_name_is_named_after_its_condition() -> None:
    one = rule(field="country", operator="is", value="de,fr")
    assert one.name == "Country is one of DE, FR"
    one.value = "CN"
    one.clean()
    assert one.name == "Country is one of CN"


def test_a_change_of_a_lead_is_scored_at_once() -> None:
    rule(field="rating", operator="is", value="hot")
    found = lead()
    assert found.score == 0
    found.rating = "hot"
    found.save()
    found.refresh_from_db()
    assert (found.score, len(found.score_reasons)) == (10, 1)


def test_nobody_writes_a_score_but_the_rules() -> None:
    rule(field="rating", operator="is", value="hot")
    found = lead(rating="hot")
    Lead.objects.filter(pk=found.pk).update(score=999, score_reasons=[])
    found.refresh_from_db()
    assert (found.score, len(found.score_reasons)) == (10, 1)


def test_a_closed_lead_keeps_its_score() -> None:
    one = rule(field="rating", operator="is", value="hot")
    found = lead(rating="hot")
    actions.disqualify_lead(lead=found, reason="spam")
    one.delete()
    assert actions.rescore_all() == 0
    found.refresh_from_db()
    assert found.score == 10


def test_only_leads_whose_score_is_another_are_written(django_assert_max_num_queries: Any) -> None:
    leads = [lead(source="website" if number % 2 else "fair") for number in range(6)]
    rule(7, field="source", operator="is", value="website")
    before = dict(Lead.objects.values_list("pk", "updated_at"))
    with django_assert_max_num_queries(8):
        assert actions.rescore_all() == 3
    after = dict(Lead.objects.values_list("pk", "updated_at"))
    assert [before[one.pk] != after[one.pk] for one in leads] == [False, True] * 3
    assert actions.rescore_all() == 0


def test_old_contact_no_longer_counts_on_another_day() -> None:
    rule(field="interactions", operator="at_least", value="1", days=7)
    found = lead()
    contact = make(Interaction, customer=found.customer, occurred_at=timezone.now() - timedelta(days=1))
    assert actions.rescore_recent() == 1
    Interaction.objects.filter(pk=contact.pk).update(occurred_at=timezone.now() - timedelta(days=8))
    jobs.rescore_daily(0)
    found.refresh_from_db()
    assert found.score == 0


def test_a_customer_who_changes_changes_the_score_of_their_leads() -> None:
    rule(field="industry", operator="is", value="mining")
    firm = make(Customer, kind="organization")
    found = lead(customer=make(Customer, organization=firm))
    Customer.objects.filter(pk=firm.pk).update(industry="Mining", updated_at=timezone.now())
    jobs.rescore_recent(0)
    found.refresh_from_db()
    assert found.score == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "rating", "operator": "is", "value": "lukewarm"},
        {"field": "country", "operator": "is", "value": "Germany"},
        {"field": "source", "operator": "at_least", "value": "3"},
        {"field": "interactions", "operator": "at_least", "value": "many", "days": 3},
        {"field": "interactions", "operator": "at_least", "value": "3"},
        {"field": "source", "operator": "is", "value": " , "},
        {"field": "source", "operator": "is", "value": "x", "days": 3},
        {"field": "phone", "operator": "is_filled", "points": 0},
        {"field": "phone", "operator": "is_filled", "points": 1001},
    ],
)
def test_a_rule_that_nothing_meets_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        rule(wrong.pop("points", 1), **wrong)
    assert not ScoreRule.objects.exists()


def test_the_database_refuses_what_it_could_not_compute() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoreRule.objects.create(field="interactions", operator="at_least", value="x", days=1, points=1)
    assert not ScoreRule.objects.exists()


def test_managers_write_rules_and_leads_are_scored_anew(api_client: Any, make_user: Any) -> None:
    found = lead(source="website")
    client = api_client(make_user("Sales manager"), "sales:read", "sales:write")
    body = {"field": "source", "operator": "is", "value": "website", "points": 12}
    made = client.post("/api/v1/lead-score-rules", body)
    assert (made.status_code, made.json()["name"]) == (201, "Source is one of website")
    assert ProcrastinateJob.objects.filter(task_name="sales.rescore_leads").count() == 1
    jobs.rescore_leads()
    assert client.get(f"/api/v1/leads/{found.pk}").json()["score"] == 12
    assert client.delete(f"/api/v1/lead-score-rules/{made.json()['id']}").status_code == 204
    assert ProcrastinateJob.objects.filter(task_name="sales.rescore_leads").count() == 2


@pytest.mark.parametrize("path", ["lead-score-rules", "lead-assignment-rules", "lead-forms"])
def test_others_read_what_managers_set_up(api_client: Any, make_user: Any, path: str) -> None:
    client = api_client(make_user("Sales representative"), "sales:read", "sales:write")
    assert client.get(f"/api/v1/{path}").status_code == 200
    assert client.post(f"/api/v1/{path}", {}).status_code == 403
