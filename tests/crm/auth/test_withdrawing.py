"""Consent that is withdrawn ends all that it gave, also what is on its way at that moment."""

from __future__ import annotations

from typing import Any

import pytest
from authlib.integrations.base_client.errors import OAuthError
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth import sessions
from crm.auth.applications import forget
from crm.models import Application, DeviceGrant
from tests.crm.auth.conftest import CALLBACK
from tests.crm.auth.flows import VERIFIER, allow, signed_in
from tests.crm.auth.test_racing import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def withdraw(person: Any, application: Application) -> int:
    return signed_in(person).post(f"/account/applications/{application.pk}/withdraw").status_code


def test_a_code_that_was_given_before_is_not_exchanged(server: str, web: Any, session: Any, person: Any) -> None:
    code = allow(person, web)["code"]
    assert withdraw(person, web) == 302
    with pytest.raises(OAuthError, match="invalid_grant"):
        session(web, redirect_uri=CALLBACK).fetch_token(f"{server}/o/token", code=code, code_verifier=VERIFIER)
    assert not AccessToken.objects.exists()


def test_a_device_that_was_let_in_before_gets_nothing_and_those_of_others_stay(
    web: Any, person: Any, make_user: Any
) -> None:
    codes = {"client_id": web.client_id, "interval": 5, "expires": timezone.now(), "status": DeviceGrant.AUTHORIZED}
    for number, user in enumerate((person, make_user())):
        DeviceGrant.objects.create(device_code=f"d{number}", user_code=f"u{number}", user=user, **codes)
    withdraw(person, web)
    assert DeviceGrant.objects.get(user=person).status == DeviceGrant.DENIED
    assert DeviceGrant.objects.exclude(user=person).get().status == DeviceGrant.AUTHORIZED


def test_tokens_that_are_renewed_in_that_moment_end_too(person: Any) -> None:
    begun = sessions.begin(user=person, scopes=["customers:read"])
    client, own = signed_in(person), Application.objects.get(client_id="crm")
    with transaction.atomic():
        sessions.renew(token=begun.refresh_token)
        withdrawing = meanwhile(lambda: client.post(f"/account/applications/{own.pk}/withdraw").status_code)
    assert withdrawing.result(30) == 302
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert not AccessToken.objects.exists()


def test_tokens_that_are_renewed_as_the_address_of_their_program_changes_end_too(person: Any) -> None:
    begun = sessions.begin(user=person, scopes=["customers:read"])
    own = Application.objects.get(client_id="crm")
    with transaction.atomic():
        sessions.renew(token=begun.refresh_token)
        forgetting = meanwhile(lambda: forget(application=own, by=person))
    forgetting.result(30)
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert not AccessToken.objects.exists()
