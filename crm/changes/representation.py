"""What a change looks like to clients: in the feed, in the history of a record, to listeners and webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import F, Func, TextField
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.representation import SQLField
from crm.models import Change

if TYPE_CHECKING:
    from collections.abc import Mapping


class ResourceName(Func):
    """The name of a kind of record in the API, such as `customers`."""

    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return a CASE over all resources."""
        from crm.api.routers import resources

        sql, params = compiler.compile(self.get_source_expressions()[0])
        names = {viewset.model.label(): name for name, viewset in resources().items()}
        cases = " ".join("WHEN %s THEN %s" for _name in names)
        return f"(CASE {sql} {cases} END)", [*params, *(one for pair in names.items() for one in pair)]


class ChangeSerializer(serializers.ModelSerializer[Change]):
    id = SQLField(
        Func(F("transaction"), F("sequence"), template="concat_ws('-', %(expressions)s)", output_field=TextField()),
        serializers.CharField(max_length=40),
        help_text=_("Identifier of the change, and the position behind it until the database is restored."),
    )
    resource = SQLField(
        ResourceName(F("model")), serializers.CharField(max_length=100), help_text=_("List that the record is in.")
    )
    before = serializers.DictField(
        read_only=True,
        allow_null=True,
        help_text=_("Fields that changed, with their old values; null of a new record."),
    )
    after = serializers.DictField(
        read_only=True,
        allow_null=True,
        help_text=_("Fields that changed, with their new values; null of a deleted record."),
    )

    class Meta:
        model = Change
        fields = (
            "id",
            "resource",
            "record",
            "action",
            "at",
            "before",
            "after",
            "user",
            "application",
            "command",
            "request_id",
            "customer",
        )
        read_only_fields = fields
        extra_kwargs: ClassVar[Mapping[str, Any]] = {
            "record": {"help_text": _("Identifier of the record.")},
            "action": {"help_text": _("What happened to the record.")},
            "at": {"help_text": _("When it happened.")},
            "user": {"help_text": _("Who changed it; null where a program did so on nobody's behalf.")},
            "application": {"help_text": _("Client id of the program that called the API.")},
            "command": {"help_text": _("Command, job or tool that changed it, where it was not a request.")},
            "request_id": {"help_text": _("Request or run that it was part of.")},
            "customer": {"help_text": _("Customer that the change concerns.")},
        }
