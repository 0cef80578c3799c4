from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from crm.models import Grant
from tests.crm.auth.conftest import CALLBACK
from tests.crm.auth.flows import SCOPES, exchanged, query, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

WEB_CALLBACK = "https://app.example/callback"


def asked_again(person: Any, program: Any, **changes: str) -> Any:
    """Ask for consent as a program does that was let in before, and wants no page."""
    asked = {**query(program, **changes), "approval_prompt": "auto"}
    return signed_in(person).get(f"/o/authorize?{urlencode(asked)}")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:4711/callback", CALLBACK], ids=["another port", "the same port"])
def test_a_public_program_on_this_machine_is_never_let_in_silently(
    server: str, register: Any, session: Any, person: Any, uri: str
) -> None:
    program = register("authorization-code", client_type="public")
    exchanged(server, program, session, person)
    codes = Grant.objects.count()
    answer = asked_again(person, program, redirect_uri=uri)
    assert (answer.status_code, answer.context["application"]) == (200, program)
    assert answer.context["form"].initial["redirect_uri"] == uri
    assert Grant.objects.count() == codes


def test_the_page_still_lets_it_in(server: str, register: Any, session: Any, person: Any) -> None:
    program = register("authorization-code", client_type="public", skip_authorization=True)
    assert exchanged(server, program, session, person)["scope"] == SCOPES


HERE = [CALLBACK, "http://[::1]:9/callback", "http://localhost:9/callback"]


@pytest.mark.parametrize(
    "uri", [*HERE, "https://localhost:9/callback", "https://[::1]/callback", "https://127.0.0.2/callback"]
)
def test_nor_is_one_whose_page_is_to_be_skipped(server: str, register: Any, person: Any, uri: str) -> None:
    program = register("authorization-code", client_type="public", skip_authorization=True, redirect_uris=uri)
    answer = signed_in(person).get(f"/o/authorize?{urlencode(query(program, redirect_uri=uri))}")
    assert answer.status_code == 200
    assert not Grant.objects.exists()


@pytest.mark.filterwarnings("ignore:The OAuth 2.0 implicit grant:DeprecationWarning")
def test_nor_is_one_that_asks_for_tokens_in_the_address(server: str, register: Any, person: Any, settings: Any) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": False}
    program = register("implicit", skip_authorization=True)
    answer = signed_in(person).get(f"/o/authorize?{urlencode(query(program, response_type='token'))}")
    assert answer.status_code == 200


def test_a_scheme_of_its_own_leads_nowhere(server: str, register: Any, person: Any) -> None:
    uri = "com.example.app:/callback"
    program = register("authorization-code", client_type="public", skip_authorization=True, redirect_uris=uri)
    answer = signed_in(person).get(f"/o/authorize?{urlencode(query(program, redirect_uri=uri))}")
    assert "Location" not in answer.headers
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("kind", "uri"), [("public", WEB_CALLBACK), ("confidential", WEB_CALLBACK), ("confidential", CALLBACK)]
)
def test_a_program_that_nobody_can_pose_as_is_let_in_again_without_a_page(
    server: str, register: Any, session: Any, person: Any, kind: str, uri: str
) -> None:
    program = register("authorization-code", client_type=kind, redirect_uris=f"{uri} {CALLBACK}")
    exchanged(server, program, session, person)
    answer = asked_again(person, program, redirect_uri=uri)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{uri}?code=")
