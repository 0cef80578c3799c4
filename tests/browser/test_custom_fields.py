"""An administrator adds a custom field, a colleague fills it and filters by it; relations and their tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crm.models import CustomField
from customers.models import Customer, Relationship, RelationshipType
from tests.browser.layout import fits
from tests.staff import colleague, page, superuser

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)


def add_tier(window: Page) -> None:
    """Add a required choice to customers, through the page."""
    window.goto(page(CustomField, "add"))
    window.select_option("[name=content_type]", label="客户 | 客户")
    window.select_option("[name=type]", "choice")
    window.fill("[name=label]", "服务等级")
    window.fill("[name=name]", "tier")
    window.fill("[name=choices]", "gold = 金牌\nsilver = 银牌")
    window.check("[name=is_required]", force=True)
    window.get_by_text("列表", exact=True).click()
    window.check("[name=in_list]", force=True)
    assert fits(window)
    window.get_by_role("button", name="保存", exact=True).first.click()
    window.wait_for_url("**/customfield/")


def test_a_required_choice_is_added_filled_and_filtered_by_on_a_phone(sign_in: SignIn) -> None:
    add_tier(sign_in(superuser(), width=390, language="zh-CN"))
    assert CustomField.objects.filter(is_required=True, choices=["gold", "silver"], in_list=True).exists()
    Customer.objects.create(name="Other", custom={"tier": "silver"})
    window = sign_in(colleague("Sales manager"), width=390, language="zh-CN")
    window.goto(page(Customer, "add"))
    window.fill("[name=name]", "Acme")
    window.get_by_text("自定义字段", exact=True).click()
    window.select_option("[name=custom__tier]", label="金牌")
    assert fits(window)
    window.get_by_role("button", name="保存", exact=True).first.click()
    window.wait_for_url("**/customer/")
    window.goto(f"{page(Customer, 'changelist')}?custom.tier=gold")
    expect(window.locator("#result_list")).to_contain_text("Acme")
    expect(window.locator("#result_list")).to_contain_text("金牌")
    expect(window.locator("#result_list")).not_to_contain_text("Other")
    assert fits(window)


@pytest.mark.parametrize(("width", "language"), [(1440, "en-US"), (390, "zh-CN")])
def test_the_tree_of_a_group_is_read(sign_in: SignIn, width: int, language: str) -> None:
    kind, _made = RelationshipType.objects.get_or_create(
        code="parent_of", defaults={"name": "parent of", "inverse_name": "subsidiary of", "is_hierarchical": True}
    )
    top, below = (Customer.objects.create(kind="organization", name=name) for name in ("Group", "Works"))
    Customer.objects.create(name="Ada", organization=below)
    Relationship.objects.create(from_customer=top, type=kind, to_customer=below)
    window = sign_in(colleague("Sales manager"), width=width, language=language)
    window.goto(page(top, "change"))
    window.goto(page(top, "tree"))
    expect(window.locator(".tree .tree, .tree ul")).to_contain_text("Works")
    assert fits(window)
    window.get_by_role("link", name="Works").click()
    expect(window).to_have_url(f"**{page(below, 'change')}".replace("**", window.url.split("/admin")[0]))
