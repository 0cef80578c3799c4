from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from crm.models import CustomField, ExternalReference, Record, Team, User
from crm.roles import ROLES
from customers.models import Customer
from tests.staff import colleague, form_of, page, signed_in, superuser, team

if TYPE_CHECKING:
    from django.db.models import Model

pytestmark = pytest.mark.django_db

NOT_SHOWN = {
    "auth.Permission": "given to roles, on the role's page",
    "axes.AccessAttemptExpiration": "part of a failed sign-in",
    "contenttypes.ContentType": "Django's own list of models",
    "procrastinate.ProcrastinateEvent": "part of a job",
    "procrastinate.ProcrastinatePeriodicDefer": "the queue's own bookkeeping",
    "procrastinate.ProcrastinateWorker": "the queue's own bookkeeping",
    "crm.WebhookAttempt": "part of a webhook's delivery",
    "sales.Stage": "on its pipeline's page",
    "service.StatusPeriod": "part of a ticket, on its page",
    "sessions.Session": "holds what would let a reader act for others",
}
SHOWN = sorted(admin.site._registry, key=lambda model: model._meta.label)


def test_every_model_has_a_screen_or_a_reason() -> None:
    missing = {model._meta.label for model in apps.get_models() if model not in admin.site._registry}
    assert missing == set(NOT_SHOWN)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model._meta.label)
def test_every_screen_opens(model: type[Model], language: str) -> None:
    client = signed_in(superuser(), language=language)
    answer = client.get(page(model, "changelist"))
    assert answer.status_code == 200
    may_add = admin.site.get_model_admin(model).has_add_permission(answer.wsgi_request)
    assert client.get(page(model, "add")).status_code == (200 if may_add else 403)


def test_the_sidebar_shows_what_the_role_may_see() -> None:
    def titles(role: str) -> list[str]:
        answer = signed_in(colleague(role)).get("/admin/")
        return re.findall(r"<h2 class=.font-semibold flex[^>]*>\s*([^<]+?)\s*<", lines(answer.content.decode()))

    selling = ["Work", "Customers", "Sales", "Lead capture"]
    assert titles("Sales representative") == [*selling, "Marketing", "Data exchange"]
    assert titles("Auditor") == [*selling, "Marketing", "Service", "Administration"]


def lines(text: str) -> str:
    """Return the sidebar without the groups that have no line."""
    groups = re.findall(r'<div class="hidden mb-1\.5.*?</ol>', text, re.DOTALL)
    return "".join(group for group in groups if "<li" in group)


def test_the_language_is_chosen_in_the_header() -> None:
    client = signed_in(superuser())
    answer = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"}, follow=True)
    assert "全部客户" in answer.content.decode()
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/admin/"}, follow=True)
    assert "All customers" in answer.content.decode()


def test_the_chosen_language_follows_the_user_to_another_browser() -> None:
    user = superuser()
    signed_in(user).post("/i18n/setlang/", {"language": "zh-hans"})
    other = signed_in(User.objects.get(pk=user.pk))
    assert "全部客户" in other.get("/admin/", headers={"accept-language": "en"}).content.decode()


def test_a_language_that_there_is_not_is_not_remembered() -> None:
    user = superuser()
    signed_in(user).post("/i18n/setlang/", {"language": "xx"})
    assert User.objects.get(pk=user.pk).language == ""


def test_the_sign_in_page_speaks_chinese() -> None:
    text = Client(headers={"accept-language": "zh-CN"}).get("/admin/login/").content.decode()
    assert "客户关系管理" in text
    assert "登录" in text


def test_the_language_choice_redirects_to_no_other_site() -> None:
    body = {"language": "en", "next": "https://evil.example.com/"}
    assert signed_in(superuser()).post("/i18n/setlang/", body)["Location"] == "/"


def test_the_standard_roles_stay_as_they_are() -> None:
    role = Group.objects.get(name="Auditor")
    client = signed_in(superuser())
    assert client.get(page(role, "change")).status_code == 200
    assert client.post(page(role, "change"), {"name": "Other"}).status_code == 403
    assert client.post(page(role, "delete"), {"post": "yes"}).status_code == 403
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_an_administrator_makes_a_role() -> None:
    client = signed_in(colleague("Administrator"))
    permission = "see the team&#x27;s"
    assert permission in client.get(page(Group, "add")).content.decode()
    assert client.post(page(Group, "add"), {"name": "Trainee"}).status_code == 302
    assert Group.objects.filter(name="Trainee").exists()


def test_roles_have_chinese_names() -> None:
    text = signed_in(superuser(), language="zh-hans").get(page(Group, "changelist")).content.decode()
    assert "销售代表" in text
    assert "审计员" in text


def test_an_administrator_makes_no_superuser() -> None:
    user = colleague("Administrator")
    client = signed_in(user)
    body = form_of(client, page(user, "change")) | {"is_superuser": "on", "groups": [g.pk for g in user.groups.all()]}
    client.post(page(user, "change"), {name: value for name, value in body.items() if value != ""})
    user.refresh_from_db()
    assert user.is_superuser is False


def test_an_administrator_does_not_touch_a_superuser() -> None:
    boss = superuser()
    client = signed_in(colleague("Administrator"))
    assert client.post(page(boss, "change"), {"username": "taken"}).status_code == 403
    assert client.post(f"/admin/crm/user/{boss.pk}/password/", {}).status_code == 403
    boss.refresh_from_db()
    assert boss.username != "taken"


def test_a_team_lists_its_members() -> None:
    east = team("East")
    colleague("Auditor", team=east, first_name="Ann", last_name="Lee")
    text = signed_in(superuser()).get(page(east, "change")).content.decode()
    assert "Ann Lee" in text
    assert Team.objects.count() == 1


def test_a_user_list_names_roles() -> None:
    colleague("Auditor", first_name="Ann", last_name="Lee")
    text = signed_in(superuser()).get(page(User, "changelist")).content.decode()
    assert "Ann Lee" in text
    assert ">Auditor<" in text


def test_an_external_reference_leads_to_its_record() -> None:
    customer = Customer.objects.create(name="Acme", kind="organization")
    ExternalReference.objects.create(record=customer, system="erp", external_id="A-1")
    text = signed_in(superuser()).get(page(ExternalReference, "changelist")).content.decode()
    assert f'href="{page(customer, "change")}"' in text


def test_custom_fields_are_for_records() -> None:
    form = signed_in(superuser()).get(page(CustomField, "add")).context["adminform"].form
    kinds = form.fields["content_type"].queryset.values_list("model", flat=True)
    assert set(kinds) == {one._meta.model_name for one in apps.get_models() if issubclass(one, Record)}


def test_a_custom_field_keeps_its_type_and_takes_its_values_along() -> None:
    client = signed_in(superuser())
    body = {
        "content_type": ContentType.objects.get_for_model(Customer).pk,
        "name": "size",
        "label": "Size",
        "type": "text",
        "place": "0",
        "is_active": "on",
    }
    assert client.post(page(CustomField, "add"), body).status_code == 302
    field = CustomField.objects.get()
    Customer.objects.create(name="Acme", custom={"size": "large"})
    client.post(page(field, "change"), body | {"name": "other", "label": "Größe", "type": "number"})
    field.refresh_from_db()
    assert (field.name, field.label, field.type, field.former_names) == ("other", "Größe", "text", ["size"])
    assert Customer.objects.get().custom == {"other": "large"}
