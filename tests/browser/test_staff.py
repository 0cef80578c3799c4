"""Staff at work in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from tests.browser.layout import fits
from tests.staff import colleague, page, superuser, team

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = 390
PAGES = ("/admin/", "/admin/customers/customer/", "/admin/customers/customer/add/", "/admin/customers/interaction/")


def test_staff_sign_in_find_a_customer_and_log_a_call(sign_in: SignIn) -> None:
    user = colleague("Sales representative", team=team("East"))
    customer = Customer.objects.create(name="Café Müller", kind="organization", owner=user)
    Customer.objects.create(name="Somebody Else", owner=user)
    window = sign_in(user)
    window.get_by_role("link", name="All customers").click()
    window.fill("#searchbar", "cafe mull")
    window.press("#searchbar", "Enter")
    expect(window.locator("#result_list tbody")).to_have_count(1)
    window.get_by_role("link", name="Log a call").click()
    window.fill("[name=subject]", "Asked for a quote")
    window.get_by_role("button", name="Log the call").click()
    expect(window.get_by_text("The call with Café Müller was logged.")).to_be_visible()
    window.get_by_role("link", name="Latest interactions").click()
    expect(window.locator("#interactions-group").get_by_text("Asked for a quote").first).to_be_visible()
    assert customer.interactions.get().user == user


def test_staff_add_a_person_to_an_organization(sign_in: SignIn) -> None:
    acme = Customer.objects.create(name="Acme", kind="organization")
    window = sign_in(superuser())
    window.goto(page(Customer, "add"))
    window.fill("[name=given_name]", "John")
    window.fill("[name=family_name]", "Doe")
    window.locator(".field-organization .select2-selection").click()
    window.fill(".select2-search__field", "acm")
    window.locator(".select2-results__option", has_text="Acme").click()
    window.get_by_role("button", name="Save", exact=True).click()
    expect(window.locator("#result_list")).to_contain_text("John Doe")
    assert acme.people.get().name == "John Doe"


def test_staff_switch_the_language(sign_in: SignIn) -> None:
    window = sign_in(superuser())
    expect(window.get_by_role("heading", name="Customers by lifecycle")).to_be_visible()
    window.get_by_role("button", name="中文").click()
    expect(window.get_by_role("heading", name="各阶段客户")).to_be_visible()
    window.get_by_role("link", name="全部客户").click()
    expect(window.get_by_text("没有找到结果")).to_be_visible()
    window.get_by_role("button", name="EN", exact=True).click()
    expect(window.get_by_role("link", name="All customers")).to_be_visible()


def test_a_browser_set_to_chinese_is_answered_in_chinese(sign_in: SignIn) -> None:
    window = sign_in(superuser(), language="zh-CN")
    expect(window.get_by_role("link", name="系统管理")).to_have_count(0)
    expect(window.get_by_text("每月新增客户")).to_be_visible()


def test_the_home_page_draws_its_chart(sign_in: SignIn) -> None:
    Customer.objects.create(name="John Doe")
    window = sign_in(superuser())
    window.wait_for_timeout(200)
    drawn = "Chart.getChart(document.querySelector('canvas.chart')).data.datasets[0].data"
    assert window.evaluate(drawn) == [*[0] * 11, 1]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_fits_a_phone(sign_in: SignIn, address: str) -> None:
    Customer.objects.create(name="John Doe", email="john.doe@example.com", phone="123456789")
    window = sign_in(superuser(), width=PHONE)
    window.goto(address)
    assert fits(window)


def test_the_menu_opens_on_a_phone(sign_in: SignIn) -> None:
    window = sign_in(superuser(), width=PHONE)
    expect(window.get_by_role("link", name="Interactions").first).to_be_hidden()
    window.locator("#header-inner .material-symbols-outlined", has_text="dock_to_right").click()
    window.locator("#nav-sidebar").get_by_role("link", name="Interactions").click()
    expect(window.get_by_role("heading", name="Interactions")).to_be_visible()


def test_staff_add_an_organization_without_leaving_the_persons_page(sign_in: SignIn) -> None:
    window = sign_in(superuser())
    window.goto("/admin/customers/customer/add/")
    window.locator(".field-organization .related-widget-wrapper span", has_text="more_vert").click()
    window.locator("#add_id_organization").click()
    frame = window.frame_locator("iframe.related-modal-frame")
    frame.locator("[name=kind]").select_option("organization")
    frame.locator("[name=name]").fill("Acme")
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(window.locator(".field-organization .select2-selection")).to_contain_text("Acme")
    assert Customer.objects.get().kind == "organization"


def test_staff_save_a_view_with_fewer_columns_and_come_back_to_it(sign_in: SignIn) -> None:
    Customer.objects.create(name="Ada", lifecycle="lead")
    Customer.objects.create(name="Bob", lifecycle="customer")
    window = sign_in(superuser(), width=PHONE)
    window.goto("/admin/customers/customer/?lifecycle__exact=lead")
    window.get_by_text("Save this view").click()
    window.get_by_label("Name of the view").fill("Leads")
    window.get_by_label("Phone").uncheck()
    window.get_by_role("button", name="Save", exact=True).click()
    expect(window.get_by_text("The view “Leads” was saved.")).to_be_visible()
    window.goto("/admin/customers/customer/")
    window.get_by_text("Views", exact=True).click()
    window.get_by_role("link", name="Leads").click()
    expect(window.locator("#result_list")).to_contain_text("Ada")
    expect(window.locator("#result_list")).not_to_contain_text("Bob")
    expect(window.locator(".column-phone_link")).to_have_count(0)
