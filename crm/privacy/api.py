"""Privacy over REST: erasing a person, the certificates of that, and all that is held on somebody as one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from crm.api import filters
from crm.api.errors import Problem, rule_broken
from crm.api.strictness import StrictSerializer
from crm.api.viewsets import ShapedViewSet
from crm.auth import audit
from crm.models import Erasure
from crm.privacy import package
from crm.privacy.actions import NotThere, erase_person

if TYPE_CHECKING:
    from django.http import StreamingHttpResponse

    from crm.api.requests import ApiRequest

ZIP: Final = {"type": "string", "format": "binary", "maxLength": 2**31 - 1}


class ErasureWishSerializer(StrictSerializer):
    """Why somebody is erased."""

    reason = serializers.CharField(
        max_length=500, help_text=_("Why; it stays on the certificate, so it must not name the customer.")
    )


class ErasureSerializer(serializers.ModelSerializer[Erasure]):
    counts = serializers.DictField(
        child=serializers.IntegerField(),
        read_only=True,
        help_text=_("How many rows of each kind were emptied or deleted."),
    )

    class Meta:
        model = Erasure
        fields = ("id", "at", "by", "reason", "customer", "counts", "sha256")
        read_only_fields = fields


class ErasureViewSet(ShapedViewSet):
    """Certificates of erasures: when, by whom, why and how much; no word about the customer."""

    queryset = Erasure.objects.all()
    serializer_class = ErasureSerializer
    scope = "customers"
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    filterset_fields = {"customer": ["exact", "in"], "at": ["gte", "lt"]}
    ordering_fields = ["at"]
    default_ordering = "-at"


class PrivacyActions:
    """A mixin for the viewset of customers: `erase` and `personal-data`."""

    model: ClassVar[type[Any]]
    found: Any
    privacy_verbs: ClassVar[dict[str, tuple[str, ...]]] = {"erase": ("change", "delete"), "personal_data": ()}

    @extend_schema(request=ErasureWishSerializer, responses=ErasureSerializer)
    @action(detail=True, methods=["post"])
    def erase(self, request: ApiRequest, pk: Any) -> Response:
        """Erase what is held on a customer, for good.

        Sums, counts, dates and kinds stay true. Answers the certificate; sent again, the same one where nothing has
        been added since. Of an organization its own data are erased, not those of its people.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        wish = ErasureWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        customer = self.found(pk)
        try:
            made = erase_person(customer=customer, by=request.user, reason=wish.validated_data["reason"])
        except NotThere as error:
            raise Problem("not_found") from error
        except DjangoValidationError as error:
            raise rule_broken(error) from error
        audit.record("erased", user=request.user.pk, client=request.auth.client_id, what=pk)
        return Response(ErasureSerializer(made).data)

    @extend_schema(responses={(200, "application/zip"): ZIP})
    @action(detail=True, url_path="personal-data")
    def personal_data(self, request: ApiRequest, pk: Any) -> StreamingHttpResponse:
        """Answer all that is held on a customer, as a ZIP file.

        A JSON file for each kind of record, the changes, and the attached files. `contents.json` says what is in it,
        and which kinds were left out since the token or the account does not reach them.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        customer = self.found(pk)
        audit.record("personal_data_exported", user=request.user.pk, client=request.auth.client_id, what=pk)
        return package.download(customer, request.user, frozenset(request.auth.scopes))
