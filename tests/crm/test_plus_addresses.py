"""An address names a record to whoever made it, and to nobody else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.plus_addresses import PlusAddresses, without_token

ONE = PlusAddresses("one")


@given(key=st.uuids(), shift=st.sampled_from([str.lower, str.upper]))
def test_an_address_names_what_it_was_made_for(key: UUID, shift: Any) -> None:
    made = ONE.address("Support@shop.example", key)
    assert ONE.key_in(shift(f"Eve <eve@example.com>, {made}")) == key
    assert PlusAddresses("other").key_in(made) is None
    assert without_token(made) == "support@shop.example"


def test_an_address_outlives_a_change_of_the_secret(settings: Any) -> None:
    made = ONE.address("support@shop.example", UUID(int=1))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 50, [settings.SECRET_KEY]
    assert ONE.key_in(made) == UUID(int=1)
    settings.SECRET_KEY_FALLBACKS = []
    assert ONE.key_in(made) is None


@pytest.mark.parametrize(("name", "length"), [("a" * 21, 64), ("a" * 22, 0)])
def test_an_address_has_no_longer_name_than_mail_allows(name: str, length: int) -> None:
    made = ONE.address(f"{name}@shop.example", UUID(int=1))
    assert len(made.partition("@")[0]) == length
