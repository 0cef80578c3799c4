"""Imports over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser

from crm.alike import REFUSE
from crm.api import filters
from crm.api.errors import Problem
from crm.api.export import download
from crm.api.permissions import HasScope, require_scope
from crm.api.routers import resources
from crm.api.schema.bodies import TABLE
from crm.api.viewsets import ShapedViewSet
from crm.imports import actions, rules
from crm.imports.refused import table
from crm.imports.serializers import ImportSerializer, StartSerializer, UploadSerializer
from crm.models import Import

if TYPE_CHECKING:
    from django.http import StreamingHttpResponse
    from rest_framework.response import Response

    from crm.api.requests import ApiRequest


class ImportViewSet(ShapedViewSet):
    """Files of rows that become records: CSV, JSON lines or XLSX."""

    queryset = Import.objects.all()
    serializer_class = ImportSerializer
    permission_classes = [HasScope]
    scope = "imports:manage"
    common_filters: ClassVar[dict[str, Any]] = {"id": ["in"]}
    filterset_fields = {"resource": ["exact"], "status": ["exact"]}
    default_ordering = "-id"
    own_actions = ("create",)
    own_refusals = ("422",)

    def get_parsers(self) -> list[Any]:
        """Return what reads bodies: a file comes in a form."""
        is_upload = getattr(self, "action_map", {}).get("post") == "create"
        return [MultiPartParser()] if is_upload else super().get_parsers()

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: ImportSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Import a file.

        Rows are read in the background; ask for the import to see how far it is. The same file may be sent again:
        what it says already is not written twice. A token also needs the scope to write the resource.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        serializer = UploadSerializer(data={**request.POST.dict(), **request.FILES.dict()})
        serializer.is_valid(raise_exception=True)
        said = serializer.validated_data
        with transaction.atomic():
            rules.serializer_of(said["resource"])
            require_scope(request, f"{resources()[said['resource']].scope}:write")
            content = b"".join(said["file"].chunks())
            named = {"resource": said["resource"], "filename": said["file"].name}
            one = actions.upload(user=request.user, content=content, **named)
            self.go(one, {**said, **mapping_in(said)})
        location = request.build_absolute_uri(f"{request.path}/{one.pk}")
        return self.answer(one.pk, self.visible_to, 201, Location=location)

    @extend_schema(request=StartSerializer, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request: ApiRequest, pk: Any) -> Response:
        """Start an import.

        A draft, or once more: from the beginning of the file, as a dry run or for good, with another mapping. What is
        not said stays as it was said before: after a dry run, `{}` does what the dry run tried.
        """
        serializer = StartSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        one = self.found(pk)
        require_scope(request, f"{resources()[one.resource].scope}:write")
        self.go(one, serializer.validated_data)
        return self.answer(pk, self.visible_to, 202)

    @extend_schema(request=None, responses=ImportSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: ApiRequest, pk: Any) -> Response:
        """Cancel an import.

        What it has done stays.
        """
        actions.cancel(one=self.found(pk))
        return self.answer(pk, self.visible_to)

    @extend_schema(responses={(200, "text/csv"): TABLE})
    @action(detail=True)
    def refused(self, request: ApiRequest, pk: Any) -> StreamingHttpResponse:
        """Download the refused rows.

        A table with the columns of the file, and why each row was refused: to mend, and to send again.
        """
        return download(table(self.found(pk)), "refused.csv", "text/csv; charset=utf-8")

    def go(self, one: Import, said: dict[str, Any]) -> None:
        """Start an import as a body says, or only keep what it says where no more than its columns are wanted."""
        mode = said["mode"]
        wish: Any = {name: said[name] for name in ("mapping", "key", "system") if name in said}
        if "duplicates" in said:
            wish["refuses_duplicates"] = said["duplicates"] == REFUSE
        if mode == "preview":
            actions.prepare(one=one, **wish)
        else:
            actions.start(one=one, **wish, is_dry_run=mode == "dry_run")

    def found(self, pk: Any) -> Import:
        """Return an import that the caller may see; raise 404 for any other."""
        one: Import | None = Import.objects.visible_to(self.request.user).filter(pk=pk).first()
        if one is None:
            raise Problem("not_found")
        return one


def mapping_in(said: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping that a form carries as JSON; raise ValidationError for a text that is no such object."""
    if "mapping" not in said:
        return {}
    try:
        found = orjson.loads(said["mapping"])
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(value is None or isinstance(value, str) for value in found.values()):
        raise rules.refused("mapping", _("A JSON object of texts is expected."))
    return {"mapping": found}
