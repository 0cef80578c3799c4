"""The viewset of what is kept about records but is none itself: tags, saved views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import transaction
from rest_framework.response import Response

from crm.api import filters
from crm.api.viewsets import SHAPE, RecordViewSet, ShapedViewSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crm.api.requests import ApiRequest


class PlainViewSet(ShapedViewSet):
    """Lists of things that clients create, change and delete one by one.

    `says` is what the document says of an operation besides what it says of all such.
    """

    says: ClassVar[Mapping[str, str]] = {}
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    own_actions = ("create",)

    sent: Any = RecordViewSet.sent
    locked: Any = RecordViewSet.locked
    everything: Any = RecordViewSet.everything
    answer_new: Callable[..., Response] = RecordViewSet.answer_new

    def create(self, request: ApiRequest) -> Response:
        """Write a new one."""
        filters.refuse_unknown(request.query_params, SHAPE)
        with transaction.atomic():
            serializer = self.get_serializer(data=self.sent())
            serializer.is_valid(raise_exception=True)
            return self.answer_new(serializer.save())

    def partial_update(self, request: ApiRequest, pk: Any) -> Response:
        """Change one."""
        filters.refuse_unknown(request.query_params, SHAPE)
        with transaction.atomic():
            serializer = self.get_serializer(self.locked(pk=pk), data=self.sent(), partial=True)
            serializer.is_valid(raise_exception=True)
            serializer.save()
            return self.answer(pk, self.everything)

    def destroy(self, request: ApiRequest, pk: Any) -> Response:
        """Delete one."""
        filters.refuse_unknown(request.query_params, ("format",))
        with transaction.atomic():
            self.remove(self.locked(pk=pk))
        return Response(status=204)

    def remove(self, one: Any) -> None:
        """Delete one that is locked."""
        one.delete()
