"""The page where one changes one's own password, without scripts, on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crm.models import User
from tests.browser.layout import fits
from tests.browser.test_preferences import phone  # noqa: F401 -- a fixture
from tests.crm.auth.conftest import at
from tests.staff import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.django_db(transaction=True)]
NEW = "another-battery-staple"


def test_a_password_is_changed_on_a_phone(
    phone: Page,  # noqa: F811 -- the fixture
    live_server: Any,
    settings: Any,
    make_user: Any,
) -> None:
    at(settings, live_server.url)
    user = make_user("Marketer", password=PASSWORD)
    phone.goto(f"{live_server.url}/account/password")
    phone.fill("#id_username", user.username)
    phone.fill("#id_password", PASSWORD)
    phone.click("button.primary")
    assert phone.locator("h1").inner_text() == "Change your password"
    assert fits(phone)
    for name, value in (("old_password", PASSWORD), ("new_password1", NEW), ("new_password2", NEW)):
        phone.fill(f"#id_{name}", value)
    phone.click("button.primary")
    assert phone.locator("h1").inner_text() == "Your password is changed"
    assert User.objects.get(pk=user.pk).check_password(NEW)
