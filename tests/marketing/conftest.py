"""A campaign that is ready, its recipients, and a mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customers.actions import grant_consent
from customers.models import Customer, Purpose
from marketing.models import Campaign, Template
from tests.marketing.segments import everyone
from tests.marketing.smtp import serving
from tests.samples import make
from tests.worker import no_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm.models import User
    from tests.marketing.smtp import Keeper

__all__ = ["no_jobs"]
HTML = (
    '<p>Hello {{ customer.first_name | default: "there" }}</p><p><a href="https://shop.example/sale?id=7">Sale</a></p>'
)


@pytest.fixture
def purpose(db: None) -> Purpose:
    return Purpose.objects.get_or_create(name="marketing_email", defaults={"channel": "email", "label": "News"})[0]


@pytest.fixture
def marketer(make_user: Any) -> User:
    return make_user("Marketer", is_staff=True)  # type: ignore[no-any-return]


@pytest.fixture
def recipient(purpose: Purpose) -> Callable[..., Customer]:
    """Make a customer who agrees to news by e-mail."""

    def add(name: str, **fields: Any) -> Customer:
        values = {"email": f"{name.lower()}@example.com", "given_name": name, "kind": "person", **fields}
        customer: Customer = make(Customer, name=name, **values)
        grant_consent(customer=customer, purpose=purpose, source="form", by=None)
        return customer

    return add


@pytest.fixture
def campaign(purpose: Purpose, marketer: User) -> Campaign:
    template = make(Template, subject="News for {{ customer.name }}", html=HTML, text="")
    given = {"segment": everyone(), "template": template, "purpose": purpose, "owner": marketer}
    fast = {"per_second": 1000, "per_second_and_domain": 1000}
    from_whom = {"from_name": "The Shop", "from_address": "news@shop.example"}
    return make(Campaign, name="Spring", subject_b="", **given, **fast, **from_whom)  # type: ignore[no-any-return]


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Keeper]:
    """Run a mail server that Django sends through."""
    with serving() as (keeper, port):
        backend = "crm.smtp.EmailBackend"
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": "127.0.0.1", "port": port}}}
        yield keeper
