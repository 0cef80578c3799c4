"""Colleagues plan their day in a real browser, on a desk and on a phone."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm import days
from crm.models import Task
from customers.models import Customer
from tests.browser.layout import fits
from tests.staff import colleague

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
DAY = "/admin/my-day/"


def test_a_task_is_added_ticked_and_put_off(sign_in: SignIn) -> None:
    window = sign_in(colleague("Sales representative"))
    window.get_by_role("link", name="My day").click()
    for title in ("Call Ada", "Write to Bob"):
        window.get_by_label("What is to be done").fill(title)
        window.get_by_label("Due").fill(f"{timezone.localdate():%Y-%m-%d}")
        window.get_by_role("button", name="Add", exact=True).click()
    today = window.get_by_role("region", name="Today")
    expect(today.get_by_role("listitem")).to_have_count(2)
    today.get_by_role("button", name="Done: Call Ada").click()
    expect(window.get_by_role("region", name="Done today")).to_contain_text("Call Ada")
    window.get_by_role("button", name="Tomorrow: Write to Bob").click()
    expect(window.get_by_role("region", name="Next seven days")).to_contain_text("Write to Bob")
    assert Task.objects.get(title="Write to Bob").due_at == days.begin(2) - datetime.timedelta(minutes=1)
    assert Task.objects.get(title="Call Ada").status == "done"


def test_a_task_is_added_to_a_customer_without_a_mouse(sign_in: SignIn) -> None:
    user = colleague("Sales representative")
    customer = Customer.objects.create(name="Acme", kind="organization", owner=user)
    window = sign_in(user)
    window.goto(f"/admin/customers/customer/{customer.pk}/change/")
    window.get_by_role("link", name="Add task").first.press("Enter")
    window.get_by_label("What is to be done").fill("Send offer")
    window.get_by_label("What is to be done").press("Enter")
    expect(window.get_by_role("region", name="Open tasks")).to_contain_text("Send offer")
    window.get_by_role("button", name="Done: Send offer").press("Space")
    expect(window.get_by_text("“Send offer” is done.")).to_be_visible()
    assert Task.objects.get().customer == customer.pk


def test_the_day_fits_a_phone_in_chinese(sign_in: SignIn) -> None:
    user = colleague("Sales representative")
    customer = Customer.objects.create(name="北京某某科技有限公司", kind="organization", owner=user)
    known = {"about_type": "customers.customer", "about_id": customer.pk, "priority": "high"}
    Task.objects.create(title="发送修改后的报价" * 5, assignee=user, due_at=days.begin(-1), **known)
    window = sign_in(user, width=390, language="zh-CN")
    window.goto(DAY)
    expect(window.get_by_role("region", name="已逾期")).to_be_visible()
    assert fits(window)
    window.get_by_role("button", name="明天").click()
    expect(window.get_by_role("region", name="未来七天")).to_be_visible()
