"""The change feed as server-sent events (WHATWG HTML, section 9.2), for those who prefer to listen."""

from __future__ import annotations

import time
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.http import StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from crm import environment
from crm.api.errors import Problem
from crm.auth.authentication import InvalidToken, identify
from crm.changes import feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm.api.requests import ApiRequest

PAUSE: Final = 1.0  # seconds between looks at the feed
SILENCE: Final = 15.0  # seconds after which a sign of life is sent, and the token checked again
LONGEST: Final = 15 * 60.0  # seconds after which the client has to connect anew
LISTENERS: Final = BoundedSemaphore(max(1, environment.number("THREADS", 8) // 2))  # the other half answers requests


def respond(request: ApiRequest, position: feed.Position, question: dict[str, Any]) -> StreamingHttpResponse:
    """Answer the changes after a position as they come; 503 where this process has listeners enough."""
    if not LISTENERS.acquire(blocking=False):
        raise Problem("unavailable", _("Too many are listening; come back, or read page by page."), Retry_After="5")
    events = Events(request, position, question)
    return StreamingHttpResponse(events, content_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


class Events:
    """The bytes of a stream; gives its place back when it ends, or the client goes."""

    def __init__(self, request: ApiRequest, position: feed.Position, question: dict[str, Any]) -> None:
        """Take who listens, from where on, and to what."""
        self.user = request.user
        self.token = request.META["HTTP_AUTHORIZATION"].partition(" ")[2].strip()
        self.position = position
        self.question = question
        self.is_open = True

    def __iter__(self) -> Iterator[bytes]:
        """Yield events, and signs of life between them, until the token ends or the time is up."""
        yield b"retry: 2000\n\n"
        end = time.monotonic() + LONGEST
        quiet_since = time.monotonic()
        while time.monotonic() < end:
            try:
                page = feed.read(user=self.user, after=self.position, limit=feed.STREAMED, **self.question)
            except feed.FeedExpired:
                return
            for text in page.texts:
                yield event(text, page.position.epoch or "")
            if page.texts or time.monotonic() - quiet_since > SILENCE:
                quiet_since = time.monotonic()
                yield f"id: {page.position.encode()}\n\n".encode()
                if not self.may_go_on():
                    return
            self.position = page.position
            if not page.has_more:
                time.sleep(PAUSE)

    def may_go_on(self) -> bool:
        """Tell whether the token still counts; what its person may see is looked at anew."""
        try:
            self.user, _credentials = identify(self.token)
        except InvalidToken:
            return False
        return True

    def close(self) -> None:
        """Give the place back; called once the response ends, however it does."""
        if self.is_open:
            self.is_open = False
            LISTENERS.release()


def event(text: str, epoch: str) -> bytes:
    """Return one change as an event whose id is the position behind it."""
    change = orjson.loads(text)
    return f"id: {change['id']}-{epoch}\nevent: {change['resource']}.{change['action']}\ndata: {text}\n\n".encode()
