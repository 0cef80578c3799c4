"""Orders and products: a mirror of the ERP, written with the scope of synchronisation only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customers.models import Customer
from sales.models import Order, OrderLine, Product
from tests.samples import body_for, make

if TYPE_CHECKING:
    from crm.models import User

ORDERS = "/api/v1/orders"


def test_only_synchronisation_writes_orders(api_client: Any, make_user: Any) -> None:
    from sales.api.orders import OrderSerializer

    body = body_for(OrderSerializer)
    for role, scopes, code in (
        ("Integration", ("sales:read", "sales:write"), 403),
        ("Sales manager", ("sales:read", "sync:run"), 403),
        ("Integration", ("sales:read", "sync:run"), 201),
    ):
        answer = api_client(make_user(role), *scopes).post(ORDERS, body)
        assert answer.status_code == code, (role, answer.content)
    assert Order.objects.count() == 1


def test_orders_are_seen_with_their_customer(client: Any, seller: User) -> None:
    seen = make(OrderLine, order=make(Order, customer=make(Customer, owner=seller), total=12))
    make(OrderLine)
    assert [one["id"] for one in client.get(ORDERS).json()["results"]] == [str(seen.order_id)]
    assert [one["id"] for one in client.get("/api/v1/order-lines").json()["results"]] == [str(seen.pk)]
    shown = client.get(f"{ORDERS}/{seen.order_id}", {"expand": "lines"}).json()
    assert (shown["total"], [one["id"] for one in shown["lines"]]) == ("12.00", [str(seen.pk)])


def test_lines_follow_all_their_parents(api_client: Any, make_user: Any) -> None:
    from django.contrib.auth.models import Permission

    user = make_user()
    names = ("view_all_orderline", "view_all_order", "view_own_customer")
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    make(OrderLine)
    client = api_client(type(user).objects.get(pk=user.pk), "sales:read")
    assert client.get("/api/v1/order-lines").json()["results"] == []


def test_everyone_in_sales_sees_products_and_managers_keep_them(client: Any, api_client: Any, make_user: Any) -> None:
    manager = api_client(make_user("Sales manager"), "sales:read", "sales:write")
    made = manager.post("/api/v1/products", {"code": "D-1", "name": "Desk", "price": "99.90"}).json()
    assert client.get("/api/v1/products", {"search": "desk"}).json()["results"] == [made]
    assert client.patch(f"/api/v1/products/{made['id']}", {"price": "1.00"}).status_code == 403
    assert manager.post("/api/v1/products", {"code": "D-1", "name": "Other"}).status_code == 409
    assert [str(one.price) for one in Product.objects.all()] == ["99.90"]
