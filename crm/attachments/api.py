"""Attachments over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from crm.about import find, may_change
from crm.api import filters
from crm.api.errors import Problem
from crm.api.serializers import COMMON, RecordSerializer
from crm.api.strictness import StrictSerializer
from crm.api.viewsets import RecordViewSet
from crm.attachments import actions
from crm.attachments.answers import ContentMissing, answer, link_for
from crm.attachments.store import store
from crm.models import Attachment, Change

if TYPE_CHECKING:
    from django.http import FileResponse

    from crm.api.requests import ApiRequest

BYTES: Final = {"type": "string", "format": "binary", "maxLength": 2**31 - 1}

IS_ID: Final = RegexValidator(r"\A[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")  # a form has no types


class AttachmentSerializer(RecordSerializer):
    class Meta:
        model = Attachment
        fields = (
            *COMMON,
            "about_type",
            "about_id",
            "customer",
            "name",
            "size",
            "media_type",
            "sha256",
            "uploaded_by",
        )
        read_only_fields = ("customer", "size", "media_type", "sha256", "uploaded_by")


class AttachSerializer(StrictSerializer):
    """A file, and what it is attached to."""

    file = serializers.FileField(allow_empty_file=True, max_length=1000, help_text=gettext_lazy("The file."))
    about_type = serializers.RegexField(
        r"\A[a-z]+\.[a-z]+\Z",
        max_length=50,
        help_text=gettext_lazy("Kind of the record, such as `customers.customer`."),
    )
    about_id = serializers.UUIDField(validators=[IS_ID], help_text=gettext_lazy("Id of the record."))


class LinkSerializer(serializers.Serializer[Any]):
    """Where a file can be had without a token."""

    url = serializers.URLField(max_length=1000, help_text=gettext_lazy("Address; whoever has it gets the file."))
    expires_at = serializers.DateTimeField(help_text=gettext_lazy("Until when it works."))


class AttachmentViewSet(RecordViewSet):
    """Files attached to records; whoever sees the record sees them."""

    queryset = Attachment.objects.all()
    serializer_class = AttachmentSerializer
    scope = "attachments"
    withheld = frozenset({"update", "partial_update", "upsert", "batch"})
    permission_verbs: ClassVar[dict[str, Any]] = {**RecordViewSet.permission_verbs, "link": ()}
    filterset_fields = {
        "about_type": ["exact"],
        "about_id": ["exact", "in"],
        "customer": ["exact", "in"],
        "name": ["exact", "icontains"],
        "media_type": ["exact"],
        "sha256": ["exact"],
        "uploaded_by": ["exact"],
    }
    ordering_fields = ["name"]
    own_actions = ("create",)
    own_refusals = ("422",)

    def get_parsers(self) -> list[Any]:
        """Return what reads bodies: a file comes in a form."""
        is_upload = getattr(self, "action_map", {}).get("post") == "create"
        return [MultiPartParser()] if is_upload else super().get_parsers()

    @extend_schema(request={"multipart/form-data": AttachSerializer}, responses={201: AttachmentSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Attach a file.

        What it is, is read from its content, which its name must not contradict. Programs, scripts and pages are
        refused.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        serializer = AttachSerializer(data={**request.POST.dict(), **request.FILES.dict()})
        serializer.is_valid(raise_exception=True)
        said = serializer.validated_data
        about = find(said["about_type"], said["about_id"], request.user)
        if about is None:
            raise ValidationError({"about_id": [ErrorDetail(_("There is no such record."), "does_not_exist")]})
        self.refuse_unless_changing(said["about_type"])
        upload = said["file"]
        return self.answer_new(actions.attach(about=about, name=upload.name, content=upload, by=request.user))

    def destroy(self, request: ApiRequest, pk: Any) -> Response:
        """Delete an attachment of a record that the caller may change."""
        filters.refuse_unknown(request.query_params, ("format",))
        with transaction.atomic():
            one = self.locked(pk=pk)
            self.refuse_unless_changing(one.about_type)
            one.delete()
        return Response(status=204)

    @extend_schema(responses={(200, "application/octet-stream"): BYTES})
    @action(detail=True)
    def content(self, request: ApiRequest, pk: Any) -> FileResponse:
        """Download the file.

        It is always a file to save: no browser shows or runs it.
        """
        try:
            return answer(self.found(pk))
        except ContentMissing as error:
            raise Problem("not_found") from error

    @extend_schema(request=None, responses=LinkSerializer)
    @action(detail=True, methods=["post"])
    def link(self, request: ApiRequest, pk: Any) -> Response:
        """Make a link to the file.

        It works without a token for some minutes, while you may see the file: for browsers and mobile applications.
        """
        filters.refuse_unknown(request.query_params, ("format",))
        expires_at = timezone.now() + timedelta(seconds=settings.ATTACHMENT_LINK_SECONDS)
        return Response({"url": link_for(self.found(pk), request.user), "expires_at": expires_at})

    def change_of(self, pk: Any, position: str | None) -> Change:
        """Return a change; raise 409 for the deletion of an attachment whose content is no longer kept."""
        change = super().change_of(pk, position)
        if change.action == Change.Action.DELETED and not store().exists(Attachment(pk=change.record).key):
            raise Problem("conflict", _("The file is no longer kept."))
        return change

    def refuse_unless_changing(self, kind: str) -> None:
        """Raise 403 where the caller may not change what the file is attached to."""
        if not may_change(kind, self.request.user):
            raise Problem("permission_denied")
