"""A pattern of a custom field takes no text long to check."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.models import CustomField
from customers.models import Customer
from tests.custom.fields import add

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)+$", "(a|a?)+", "(.*)*x", ".*.*.*.*x", "(a*){30}b", r"(a+)\1", "(?=(a+)+$)a"]
)
def test_a_pattern_that_a_text_could_keep_busy_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="too long to check"):
        add("code", pattern=pattern)
    assert not CustomField.objects.exists()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[A-Z]{2}-[0-9]+", "AB-12"),
        ("(?:DE|AT)[0-9]{9}", "DE123456789"),
        ("[^@ ]+@[^@ ]+", "ada@example.com"),
        ("[0-9]{3}(-[0-9]{4}){2}", "123-4567-8901"),
        ("(a|b)+c", "ababc"),
    ],
)
def test_patterns_of_every_day_are_taken(create: Any, pattern: str, text: str) -> None:
    add("code", pattern=pattern)
    assert create(code=text).status_code == 201


def test_a_greatest_length_makes_room_for_more_repeats() -> None:
    assert add("code", pattern="[a-z]+-[a-z]+-[a-z]+", max_length=100).pattern == "[a-z]+-[a-z]+-[a-z]+"


def test_a_pattern_from_before_the_rule_refuses_instead_of_being_busy(create: Any) -> None:
    field = add("code")
    CustomField.objects.filter(pk=field.pk).update(pattern="(a+)+$")
    began = time.thread_time()
    assert create(code="a" * 40 + "b").status_code == 422
    assert time.thread_time() - began < 2
    assert not Customer.objects.exists()
