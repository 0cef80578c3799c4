"""All that is held on a person as one ZIP file, written while it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from django.http import StreamingHttpResponse
from django.utils import timezone

from crm.api.representation import SERIALIZERS, RowJSON, shape_of
from crm.api.routers import resources
from crm.attachments.store import store
from crm.changes.representation import ChangeSerializer
from crm.models import Attachment, Change
from crm.privacy import person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm.models import Record, User

BLOCK: Final = 64 * 1024
AT_ONCE: Final = 500


class Outgoing:
    """A file that is only written to; what was written is taken away to be sent."""

    def __init__(self) -> None:
        """Begin empty."""
        self.written = bytearray()

    def write(self, content: bytes) -> int:
        """Take more."""
        self.written += content
        return len(content)

    def flush(self) -> None:
        """Do nothing, as there is nothing behind it."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        content = bytes(self.written)
        self.written.clear()
        return content


@dataclass
class Package:
    """What goes into the file: the records that `user` may see, of resources for which there is a scope."""

    customer: Record
    user: User
    scopes: frozenset[str]
    contents: dict[str, Any] = field(default_factory=dict)

    def stream(self) -> Iterator[bytes]:
        """Yield the ZIP file, part by part."""
        out = Outgoing()
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # writing needs no more of a file
            for name, chunks in self.files():
                with archive.open(name, "w", force_zip64=True) as target:
                    for chunk in chunks:
                        target.write(chunk)
                        yield out.taken()
        yield out.taken()

    def files(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield each file with its content; last what is in all of them."""
        found = person.find(self.customer)
        self.contents = {
            "customer": str(self.customer.pk),
            "at": timezone.now().isoformat(),
            "kinds": {},
            "files": 0,
            "left_out": [],
        }
        reached = self.reached()
        for name, model in reached.items():
            rows = model.objects.visible_to(self.user).filter(pk__in=found.rows.get(model, ())).order_by("pk")
            yield f"{name}.json", self.listed(name, rows.values_list(RowJSON(shape(model), self.user), flat=True))
        changes = found.changes().filter(pk__in=Change.objects.visible_to(self.user, list(reached.values())))
        texts = changes.order_by("sequence").values_list(RowJSON(shape(Change), self.user), flat=True)
        yield "changes.json", self.listed("changes", texts)
        if Attachment in reached.values():
            yield from self.attachments(found)
        yield "contents.json", [json.dumps(self.contents, indent=2).encode()]

    def reached(self) -> dict[str, type[Record]]:
        """Return the kinds of records that the user and the scopes reach, by the names of their lists."""
        reached = {}
        for name, viewset in resources().items():
            if f"{viewset.scope}:read" in self.scopes and self.user.view_level(viewset.model) is not None:
                reached[name] = viewset.model
            else:
                self.contents["left_out"].append(name)
        return reached

    def listed(self, name: str, texts: Any) -> Iterator[bytes]:
        """Yield a JSON list of records, and count them."""
        number = 0
        yield b"["
        for some in batched(texts.iterator(chunk_size=AT_ONCE), AT_ONCE):
            yield (b",\n" if number else b"\n") + ",\n".join(some).encode()
            number += len(some)
        yield b"\n]\n"
        self.contents["kinds"][name] = number

    def attachments(self, found: person.Person) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield the attached files, each under its id and name."""
        rows = Attachment.objects.visible_to(self.user).filter(pk__in=found.rows.get(Attachment, ()))
        for one in rows.order_by("pk"):
            if store().exists(one.key):
                self.contents["files"] += 1
                yield f"files/{one.pk}-{one.name}", content_of(one)


def content_of(one: Attachment) -> Iterator[bytes]:
    """Yield the content of an attachment."""
    with store().open(one.key) as content:
        yield from content.chunks(BLOCK)


def shape(model: type[Any]) -> Any:
    """Return how clients see rows of a kind."""
    return shape_of(ChangeSerializer if model is Change else SERIALIZERS[model], None, frozenset())


def download(customer: Record, user: User, scopes: frozenset[str]) -> StreamingHttpResponse:
    """Return the answer."""
    name = f"personal-data-{customer.pk}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    stream = Package(customer, user, scopes).stream()
    return StreamingHttpResponse(stream, content_type="application/zip", headers=headers)
