"""The words of the document about the operations that every resource has."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _


class Words(NamedTuple):
    """What an operation is called by programs and by people, and what it does."""

    name: str
    summary: Any
    description: Any


OPERATIONS: dict[str, Words] = {
    "list": Words(
        "list_{many}",
        _("List %(many)s"),
        _(
            "Answers one page. Follow `next` until it is null. Fields that an administrator added filter as"
            " `custom.name=value`."
        ),
    ),
    "create": Words(
        "create_{one}",
        _("Create %(one)s"),
        _("Writes a new record. It is yours, and your team's, unless you name another owner or team."),
    ),
    "retrieve": Words("read_{one}", _("Read %(one)s"), _("Answers one record with its ETag.")),
    "update": Words(
        "replace_{one}",
        _("Replace %(one)s"),
        _(
            "Writes the whole record: what is left out takes its default. The owner, the team, the tags and the"
            " external references stay when they are left out. What was read can be sent back as it is."
        ),
    ),
    "partial_update": Words(
        "change_{one}",
        _("Change %(one)s"),
        _("Writes the fields that are given, by JSON Merge Patch (RFC 7396); null gives a field its default again."),
    ),
    "destroy": Words(
        "delete_{one}", _("Delete %(one)s"), _("Deletes the record; refused while other records refer to it.")
    ),
    "by_external_id": Words(
        "read_{one}_by_external_id",
        _("Read %(one)s by external id"),
        _("Answers the record that another system knows by this id."),
    ),
    "upsert": Words(
        "put_{one}_by_external_id",
        _("Put %(one)s by external id"),
        _("Replaces the record that another system knows by this id, or creates it: the same call twice is safe."),
    ),
    "history": Words(
        "list_changes_of_{one}",
        _("List the changes of %(one)s"),
        _("Answers who changed the record, when, and from what, latest first; also of a record that was deleted."),
    ),
    "restore": Words(
        "restore_{one}",
        _("Restore %(one)s"),
        _(
            "Brings a deleted record back under its id, with its external references and what was deleted along with"
            " it; or gives fields the values that they had before a change."
        ),
    ),
    "timeline": Words(
        "read_timeline_of_{one}",
        _("Read the timeline of %(one)s"),
        _(
            "Answers all that happened, latest first: interactions, changes, and what other parts of the CRM add; of an"
            " organization also what happened with its people."
        ),
    ),
    "batch": Words(
        "batch_{many}",
        _("Change many %(many)s"),
        _(
            "Does up to 1,000 operations in this order, each as if it came alone, and answers what became of each."
            " An upsert changes the fields given of the record that it finds, or creates one. With `atomic`, one"
            " refusal refuses all."
        ),
    ),
    "export": Words(
        "export_{many}",
        _("Export %(many)s"),
        _("Answers all records that the filters keep, as they are at one moment: CSV, or one JSON object a line."),
    ),
}
PATHS: dict[str, Any] = {
    "id": _("Identifier of the record."),
    "delivery": _("Identifier of the message."),
    "system": _("Short name of the other system."),
    "external_id": _("Identifier of the record in that system."),
}
ABOUT = _(
    """One API for customers and everything around them.

**Media types.** JSON unless `Accept` or `?format=` asks for XML or, for lists, CSV. XML bodies carry what JSON knows
in attributes: `type="number"`, `type="boolean"`, `type="array"` (of `item` elements), `type="object"`, `nil="true"`.

**Unknown is refused.** A field or a parameter that an operation does not know is an error, never ignored.

**400 and 422.** 400 says that the request is not as this document describes it; 422 that it is, and yet breaks a rule
of the data, such as a reference to a record that does not exist.

**Lost updates.** Every record has an `ETag`. Send it as `If-Match`, and only the version that you read is changed.

**Language.** `Accept-Language` chooses the language of messages (en, zh-hans); codes are never translated.

**Tracing.** Send an `X-Request-ID` and find it in the answer, in problems and in the logs."""
)
OAUTH = _(
    "OAuth 2.0 with PKCE (RFC 7636). Access tokens are JWTs after RFC 9068, used as best practice has it (RFC8725);"
    " refresh tokens rotate."
)
BEARER = _("An access token from OAuth 2.0 or from the sign-in: a JWT after RFC 9068, used as RFC8725 has it.")
