"""Orders over REST: read by sales, written by synchronisation with the ERP only."""

from __future__ import annotations

from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import RecordViewSet
from sales.models import Order, OrderLine

LINE = ("product", "description", "quantity", "unit_price", "discount", "total")


class OrderLineSerializer(RecordSerializer):
    class Meta:
        model = OrderLine
        fields = (*COMMON, "order", *LINE)


class OrderLineViewSet(RecordViewSet):
    """Lines of orders; written with the scope `sync:run` only."""

    queryset = OrderLine.objects.all()
    serializer_class = OrderLineSerializer
    scope = "sales"
    write_scope = "sync:run"
    filterset_fields = {"order": ["exact", "in"], "product": ["exact", "in"]}


class OrderSerializer(RecordSerializer):
    class Meta:
        model = Order
        fields = (
            *COMMON,
            "customer",
            "number",
            "ordered_on",
            "required_on",
            "shipped_on",
            "currency",
            "freight",
            "total",
            "ship_to_name",
            "ship_to_street",
            "ship_to_city",
            "ship_to_region",
            "ship_to_postal_code",
            "ship_to_country",
        )
        expand = ("lines",)


class OrderViewSet(RecordViewSet):
    """Orders of customers, as the ERP has them; written with the scope `sync:run` only."""

    queryset = Order.objects.all()
    serializer_class = OrderSerializer
    scope = "sales"
    write_scope = "sync:run"
    filterset_fields = {
        "customer": ["exact", "in"],
        "number": ["exact", "in"],
        "ordered_on": ["exact", "gte", "lte"],
        "shipped_on": ["gte", "lte", "isnull"],
        "currency": ["exact"],
        "total": ["gte", "lte"],
    }
    ordering_fields = ["number", "ordered_on", "total"]
    natural_keys = ("number",)
