"""Products over REST."""

from __future__ import annotations

from crm.api.serializers import COMMON, RecordSerializer
from crm.api.viewsets import RecordViewSet
from sales.models import Product


class ProductSerializer(RecordSerializer):
    class Meta:
        model = Product
        fields = (*COMMON, "code", "name", "description", "price", "currency", "unit", "is_active")


class ProductViewSet(RecordViewSet):
    """What the company sells, at list prices."""

    queryset = Product.objects.all()
    serializer_class = ProductSerializer
    scope = "sales"
    filterset_fields = {
        "code": ["exact", "in", "istartswith"],
        "name": ["exact", "icontains"],
        "currency": ["exact"],
        "price": ["gte", "lte"],
        "is_active": ["exact"],
    }
    ordering_fields = ["name", "price"]
    natural_keys = ("code",)
