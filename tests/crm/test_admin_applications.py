from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from oauth2_provider.models import RefreshToken

from crm.models import Application
from tests.staff import colleague, form_of, page, signed_in, superuser

pytestmark = pytest.mark.django_db


def application(**fields: Any) -> Application:
    defaults = {"name": "Shop", "client_type": "confidential", "authorization_grant_type": "authorization-code"}
    made: Application = Application.objects.create(**defaults | {"redirect_uris": "https://shop.example.com/"} | fields)
    return made


def test_a_new_application_is_told_its_secret_once() -> None:
    client = signed_in(superuser())
    grant = {"client_type": "confidential", "authorization_grant_type": "authorization-code"}
    body = form_of(client, page(Application, "add")) | grant | {"name": "Shop", "redirect_uris": "https://a.example/"}
    text = client.post(page(Application, "add"), body, follow=True).content.decode()
    secret = re.search(r"Client secret: (\w+)\.", text)
    assert secret is not None
    made = Application.objects.get(name="Shop")
    assert check_password(secret[1], made.client_secret)
    assert secret[1] not in client.get(page(made, "change")).content.decode()


def test_a_grant_that_is_off_is_not_offered() -> None:
    form = signed_in(superuser()).get(page(Application, "add")).context["adminform"].form
    offered = {value for value, _label in form.fields["authorization_grant_type"].choices if value}
    assert offered == {
        "authorization-code",
        "client-credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    }


def test_an_application_gets_a_new_secret() -> None:
    shop = application()
    before = shop.client_secret
    client = signed_in(superuser())
    assert client.get(page(shop, "renew_secret")).status_code == 200
    text = client.post(page(shop, "renew_secret"), follow=True).content.decode()
    shop.refresh_from_db()
    assert "Client secret:" in text
    assert shop.client_secret != before


def test_an_auditor_renews_no_secret() -> None:
    shop = application()
    client = signed_in(colleague("Auditor"))
    assert client.get(page(shop, "change")).status_code == 200
    assert client.post(page(shop, "renew_secret")).status_code == 403
    before = shop.client_secret
    shop.refresh_from_db()
    assert shop.client_secret == before


def test_a_public_application_has_no_secret_to_renew() -> None:
    phone = application(client_type="public")
    assert signed_in(superuser()).post(page(phone, "renew_secret")).status_code == 404


def test_the_application_of_the_apis_own_sign_in_stays_as_it_is() -> None:
    own = Application.objects.get(client_id="crm")
    client = signed_in(superuser())
    assert client.get(page(own, "change")).status_code == 302
    assert client.post(page(own, "delete"), {"post": "yes"}).status_code == 302
    assert Application.objects.filter(client_id="crm").exists()


def test_what_programs_hold_is_listed_without_secrets() -> None:
    user = colleague("Auditor")
    token = RefreshToken.objects.create(user=user, application=application(), token="very-secret")
    client = signed_in(user)
    text = client.get(page(RefreshToken, "changelist")).content.decode()
    assert "Shop" in text
    assert "very-secret" not in text
    assert client.get(page(token, "change")).status_code == 403


def test_an_administrator_revokes_a_token() -> None:
    token = RefreshToken.objects.create(user=colleague(), application=application(), token="very-secret")
    body = {"action": "revoke", "_selected_action": [token.pk]}
    client = signed_in(colleague("Administrator"))
    text = client.post(page(RefreshToken, "changelist"), body, follow=True).content.decode()
    assert "1 token was revoked." in text
    token.refresh_from_db()
    assert token.revoked is not None


def test_an_application_is_switched_off_and_on_by_a_button() -> None:
    shop, client = application(), signed_in(superuser())
    assert "Switch off" in client.get(page(shop, "change")).content.decode()
    address = f"/admin/crm/application/{shop.pk}/do/switch-off"
    assert "Nothing is deleted" in client.get(address).content.decode()
    text = client.post(address, follow=True).content.decode()
    shop.refresh_from_db()
    assert not shop.is_active
    assert "The application is switched off." in text
    assert f"/admin/crm/application/{shop.pk}/do/switch-on" in text
    client.post(f"/admin/crm/application/{shop.pk}/do/switch-on")
    shop.refresh_from_db()
    assert shop.is_active


def test_an_auditor_switches_nothing_off() -> None:
    shop, client = application(), signed_in(colleague("Auditor"))
    assert client.post(f"/admin/crm/application/{shop.pk}/do/switch-off").status_code == 403
    assert client.post(page(shop, "delete"), {"post": "yes"}).status_code == 403
    shop.refresh_from_db()
    assert shop.is_active


def test_an_administrator_deletes_an_application_with_its_tokens() -> None:
    shop, client = application(), signed_in(colleague("Administrator"))
    RefreshToken.objects.create(user=colleague(), application=shop, token="very-secret")
    asked = client.get(page(shop, "delete")).content.decode()
    assert "Refresh tokens: 1" in asked
    assert "very-secret" not in asked
    client.post(page(shop, "delete"), {"post": "yes"})
    assert not Application.objects.filter(pk=shop.pk).exists()
    assert not RefreshToken.objects.exists()


def test_several_applications_are_deleted_at_once() -> None:
    shops = [application(), application(name="Till")]
    body = {"action": "delete_selected", "_selected_action": [one.pk for one in shops], "post": "yes"}
    signed_in(colleague("Administrator")).post(page(Application, "changelist"), body)
    assert list(Application.objects.values_list("client_id", flat=True)) == ["crm"]
