"""What imports look like to clients."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from rest_framework import serializers

from crm.alike import REFUSE
from crm.api.characters import refuse_control_characters
from crm.api.strictness import StrictSerializer
from crm.models import Import

TAKE = "take"
MODES = ("preview", "dry_run", "run")


class ImportColumnSerializer(serializers.Serializer[Any]):
    """A column of the file."""

    name = serializers.CharField(max_length=1000, help_text=gettext_lazy("Name of the column."))
    field = serializers.CharField(
        max_length=100, allow_null=True, help_text=gettext_lazy("Field that it becomes; null: none.")
    )
    samples = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=5, help_text=gettext_lazy("Its first values.")
    )


class ImportSerializer(serializers.ModelSerializer[Import]):
    columns = serializers.ListField(
        child=ImportColumnSerializer(),
        max_length=1000,
        read_only=True,
        help_text=gettext_lazy("Columns of the file, and the field that each becomes."),
    )

    class Meta:
        model = Import
        fields = (
            "id",
            "resource",
            "filename",
            "status",
            "is_dry_run",
            "refuses_duplicates",
            "key",
            "system",
            "lines",
            "lines_done",
            "created",
            "updated",
            "unchanged",
            "refused",
            "error",
            "user",
            "created_at",
            "started_at",
            "ended_at",
            "columns",
        )
        read_only_fields = fields


class StartSerializer(StrictSerializer):
    """How the rows become records."""

    mode = serializers.ChoiceField(
        MODES,
        default="run",
        help_text=gettext_lazy("`preview`: only read the columns; `dry_run`: try, and write nothing; `run`: import."),
    )
    mapping = serializers.DictField(
        child=serializers.CharField(max_length=100, allow_null=True, allow_blank=True),
        required=False,
        help_text=gettext_lazy("Field that each column becomes, null for none. Without it, as before, or a guess."),
    )
    key = serializers.RegexField(
        r"\A[a-z_]+\Z",
        required=False,
        allow_blank=True,
        max_length=50,
        help_text=gettext_lazy(
            "Field by which a row finds its record; without it, as before; empty: the same row finds it again."
        ),
    )
    system = serializers.RegexField(
        r"\A[-a-zA-Z0-9_]+\Z",
        required=False,
        allow_blank=True,
        max_length=50,
        help_text=gettext_lazy("System whose identifiers `external_id` has; without it, as before."),
    )
    duplicates = serializers.ChoiceField(
        (REFUSE, TAKE),
        required=False,
        help_text=gettext_lazy(
            "`refuse`: rows that would add a record where another may be the same are refused; `take`: they are taken. "
            "Without it, as before; they are taken unless that was said."
        ),
    )


class UploadSerializer(StartSerializer):
    """A file of rows, and how they become records."""

    file = serializers.FileField(
        allow_empty_file=True,
        max_length=255,
        help_text=gettext_lazy("CSV, JSON lines or XLSX, by the ending of its name."),
    )
    resource = serializers.RegexField(
        r"\A[a-z-]+\Z", max_length=100, help_text=gettext_lazy("List that the rows are added to, such as customers.")
    )

    mapping = serializers.CharField(  # type: ignore[assignment]  # a form has no objects
        required=False,
        max_length=50_000,
        validators=[refuse_control_characters],
        help_text=gettext_lazy("Field that each column becomes, as a JSON object, null for none. Without it, a guess."),
    )
