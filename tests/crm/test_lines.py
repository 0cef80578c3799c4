"""A text of one line takes no line break, by no door; what is kept as it was written keeps its lines."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.test import Client

from crm.admin.my_day import LineForm
from crm.admin.tasks import TaskForm
from crm.api.characters import refuse_line_breaks
from crm.models import CustomField
from customers.admin.calls import CallForm
from customers.models import Customer
from sales.models import Lead, LeadForm
from service.admin.forms import SplitForm
from service.mail.reading import read
from service.models import Ticket
from tests.samples import make

BREAKS = {"line feed": "\n", "return": "\r", "next line": "\x85", "line": "\u2028", "paragraph": "\u2029"}
OURS = {"crm", "customers", "marketing", "sales", "service"}
FIELDS = [
    field
    for model in apps.get_models()
    if model._meta.app_label in OURS
    for field in model._meta.concrete_fields
    if isinstance(field, models.CharField) and not field.choices
]


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_every_text_of_one_line_refuses_line_breaks(field: Any) -> None:
    assert field.validators.count(refuse_line_breaks) == 1
    assert field.max_length is None or any(isinstance(one, MaxLengthValidator) for one in field.validators)


@pytest.mark.parametrize("sign", [*BREAKS.values(), "\v", "\f", "\r\n"], ids=ascii)
def test_a_line_ends_by_each_of_these(sign: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Customer(name=f"Ada{sign}Lovelace").clean_fields(exclude=["owner", "team", "kind"])
    assert refused.value.message_dict["name"] == ["Line breaks are not allowed here."]


@pytest.mark.parametrize("sign", ["\t", " ", "\xa0", "\u200b"], ids=ascii)
def test_these_end_none(sign: str) -> None:
    refuse_line_breaks(f"Ada{sign}Lovelace")


@pytest.mark.django_db
def test_long_texts_keep_their_lines(api_client: Any, integration: Any) -> None:
    text = "One\nTwo\r\nThree\u2028Four"
    sent = {"kind": "person", "name": "Ada", "description": text}
    made = api_client(integration, "customers:read", "customers:write").post("/api/v1/customers", sent)
    assert (made.status_code, made.json()["description"]) == (201, text)
    assert Customer.objects.get().description == text


@pytest.mark.django_db
@pytest.mark.parametrize("sign", BREAKS.values(), ids=BREAKS.keys())
def test_the_staff_site_says_so_at_the_field(make_user: Any, sign: str) -> None:
    browser = Client()
    browser.force_login(make_user("Administrator", is_staff=True), backend="crm.auth.accounts.Accounts")
    answer = browser.post("/admin/crm/team/add/", {"name": f"East{sign}West"})
    assert answer.context["adminform"].form.errors["name"] == ["Line breaks are not allowed here."]
    assert not apps.get_model("crm.Team").objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("sign", BREAKS.values(), ids=BREAKS.keys())
def test_custom_texts_are_of_one_line_too(api_client: Any, integration: Any, sign: str) -> None:
    kind = ContentType.objects.get_for_model(Customer)
    CustomField.objects.create(content_type=kind, name="motto", type="text", label="Motto")
    sent = {"kind": "person", "name": "Ada", "custom": {"motto": f"One{sign}Two"}}
    answer = api_client(integration, "customers:read", "customers:write").post("/api/v1/customers", sent)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/custom/motto")
    assert not Customer.objects.exists()


@pytest.mark.parametrize("wrong", [{"choices": ["a\nb"]}, {"choices": ["a"], "choice_labels": {"a": "A\u2028B"}}])
def test_so_are_choices_and_their_labels(wrong: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        CustomField(type="choice", **wrong).check_choices()
    assert list(refused.value.message_dict.values()) == [["Line breaks are not allowed here."]]


@pytest.mark.django_db
@pytest.mark.parametrize("sign", BREAKS.values(), ids=BREAKS.keys())
def test_a_lead_form_takes_them_in_the_message_only(sign: str) -> None:
    asked = ["name", "email", "message"]
    form = make(LeadForm, key="ask-us", asked_fields=asked, required_fields=["email"], is_active=True)
    sent = {"name": "Ada", "email": "ada@example.com", "message": f"One{sign}Two"}
    answer = Client().post(f"/forms/{form.key}", {**sent, "name": f"Ada{sign}Lovelace"})
    assert (answer.status_code, Lead.objects.count()) == (422, 0)
    assert Client().post(f"/forms/{form.key}", sent).status_code == 303
    assert Lead.objects.count() == 1


@pytest.mark.parametrize("sign", ["=0A", "=0D=0A", "=E2=80=A8", "=E2=80=A9"])
def test_names_and_subjects_of_mail_become_one_line(sign: str) -> None:
    raw = (
        f"From: =?utf-8?q?Ada{sign}Lovelace?= <ada@example.com>\r\nSubject: =?utf-8?q?It{sign}smokes?=\r\n\r\nHelp.\r\n"
    )
    mail = read(raw.encode())
    assert (mail.name, mail.subject) == ("Ada Lovelace", "It smokes")
    assert Ticket(subject=mail.subject).clean_fields(exclude=exclude_but("subject")) is None  # type: ignore[func-returns-value]


def exclude_but(name: str) -> set[str]:
    return {field.name for field in Ticket._meta.fields} - {name}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("leads/capture", {"contact": {"name": "Ada\u2028Lovelace", "email": "ada@example.com"}}),
        ("leads/capture", {"contact": {"name": "Ada", "email": "ada@example.com"}, "subject": "Engines\nBcc: all"}),
    ],
)
def test_verbs_refuse_them_and_change_nothing(api_client: Any, integration: Any, path: str, body: Any) -> None:
    client = api_client(integration, "customers:read", "customers:write", "sales:read", "sales:write")
    answer = client.post(f"/api/v1/{path}", body)
    assert answer.status_code == 422
    assert [one["code"] for one in answer.json()["errors"]] == ["line_breaks"]
    assert (Lead.objects.count(), Customer.objects.count()) == (0, 0)


@pytest.mark.parametrize("form", [TaskForm, LineForm, SplitForm, CallForm])
def test_forms_of_no_model_refuse_them_too(form: Any) -> None:
    name = "title" if "title" in form.base_fields else "subject"
    said = form({name: "One\u2029Two"})
    assert "Line breaks are not allowed here." in said.errors[name]
