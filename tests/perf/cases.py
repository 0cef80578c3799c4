"""What is measured of the API."""

from __future__ import annotations

import functools
import itertools
import time
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.api.pagination import Cursor
from customers.matching import renew_duplicates
from customers.models import Customer
from tests.perf import data, imports, limits, memory
from tests.perf.measure import Row, factor, medians, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

numbers = itertools.count(time.time_ns() // 1_000_000)
CUSTOMERS = "/api/v1/customers"
NEW = {"name": "John Doe", "email": "john.doe@example.com", "phone": "123456789"}


def api(send: Callable[..., bytes]) -> list[Row]:
    """Return the lines about the API."""
    return [
        *reading(send),
        *narrowing(send),
        *writing(send),
        *searching(send),
        *many(send),
        *feed(send),
        *alike(),
        *queries(send),
    ]


def reading(send: Callable[..., bytes]) -> Iterator[Row]:
    """Measure lists and single records."""
    keys = Customer.objects.order_by("id").values_list("pk", flat=True)
    deep = "cursor=" + Cursor(("id",), (str(keys[199_900]),)).encode()
    some = keys[100_000]
    seconds = medians(
        {
            "raw list": lambda: send("GET", "/raw", is_raw=True),
            "list": lambda: send("GET", CUSTOMERS),
            "deep": lambda: send("GET", CUSTOMERS, deep),
            "raw one": lambda: send("GET", f"/raw/{some}", is_raw=True),
            "one": lambda: send("GET", f"{CUSTOMERS}/{some}"),
        }
    )
    yield share("list of 50, authenticated, scoped, visible", seconds["raw list"], seconds["list"], 0.5, "raw view")
    yield factor("the same at row 199,900", seconds["list"], seconds["deep"], 1.1, "page 1")
    yield share("one record", seconds["raw one"], seconds["one"], 0.4, "raw view")


def narrowing(send: Callable[..., bytes]) -> Iterator[Row]:
    """Measure lists that a tag, a custom field, a consent or the day's work narrows, each against the same by hand."""
    mine = f"assignee={limits.OWNER['owner_id']}&status=open&ordering=due_order"
    asked = {
        "tag": (CUSTOMERS, "tags=few", "list of 50 with a tag"),
        "custom": (CUSTOMERS, "custom.staff=500", "list of 50 by an indexed custom field"),
        "consent": (CUSTOMERS, "consent=marketing_email", "list of 50 who agree to a purpose"),
        "tasks": ("/api/v1/tasks", mine, "my open tasks, most urgent first"),
    }
    for name, (path, query, work) in asked.items():
        seconds = medians(
            {
                "raw": functools.partial(send, "GET", f"/raw/{name}", is_raw=True),
                "list": functools.partial(send, "GET", path, query),
            }
        )
        yield share(work, seconds["raw"], seconds["list"], 0.5, "raw view")


def writing(send: Callable[..., bytes]) -> Iterator[Row]:
    """Measure the making of a record, and take away what was made."""
    seconds = medians(
        {
            "raw": lambda: send("POST", "/raw/create", body=NEW, is_raw=True),
            "create": lambda: send("POST", CUSTOMERS, body=NEW),
        }
    )
    Customer.objects.filter(email=NEW["email"]).delete()
    yield share(
        "create one, validated, duplicates looked for",
        seconds["raw"],
        seconds["create"],
        0.4,
        "raw INSERT in a plain view",
    )


def searching(send: Callable[..., bytes]) -> Iterator[Row]:
    """Measure a search for part of a word against an equality that an index answers."""
    row: dict[str, Any] = orjson.loads(send("GET", CUSTOMERS, "limit=1&fields=name,email"))["results"][0]
    part = row["name"].split(" ")[1][3:11]
    seconds = medians(
        {
            "equality": lambda: send("GET", CUSTOMERS, f"email={row['email']}"),
            "search": lambda: send("GET", CUSTOMERS, f"search={part}"),
        }
    )
    yield factor("search for 8 letters", seconds["equality"], seconds["search"], 10, "equality on an indexed field")


def many(send: Callable[..., bytes]) -> Iterator[Row]:
    """Measure batches against COPY into the same table without triggers, and exports against COPY out of it."""
    seconds = medians({"copy": limits.copy_in, "batch": lambda: send("POST", f"{CUSTOMERS}/batch", body=new_batch())})
    Customer.objects.filter(source=limits.SOURCE).delete()
    yield share("batch of 1,000 upserts", seconds["copy"], seconds["batch"], 0.2, "COPY without triggers")
    seconds = medians({"copy": imports.copy_in, "import": imports.run})
    yield share(f"import of {imports.ROWS:,} rows", seconds["copy"], seconds["import"], 0.25, "COPY without triggers")
    seconds = medians({"first": imports.run, "again": imports.run_again})
    yield factor("the same import again", seconds["first"], seconds["again"], 0.5, "the first import")
    seconds = medians({"copy": limits.copy_out, "export": lambda: send("GET", f"{CUSTOMERS}/export")})
    yield share("export of 200,000 rows as CSV", seconds["copy"], seconds["export"], 0.5, "COPY TO STDOUT")
    yield memory.of_export(data.seller())


def new_batch() -> dict[str, Any]:
    """Return 1,000 upserts of customers that there are not yet."""
    first = next(numbers) * 1000
    rows = [
        {"name": f"Customer {first + n}", "email": f"c{first + n}@example.com", "source": limits.SOURCE}
        for n in range(1000)
    ]
    return {
        "items": [
            {"operation": "upsert", "system": "perf", "external_id": str(first + n), "data": row}
            for n, row in enumerate(rows)
        ]
    }


def feed(send: Callable[..., bytes]) -> Iterator[Row]:
    """Measure a page of the change feed, and what the feed costs those who write."""
    limits.fill_feed()
    start = f"after={limits.feed_start()}&limit=500"
    seconds = medians(
        {"raw": lambda: send("GET", "/raw/changes", is_raw=True), "page": lambda: send("GET", "/api/v1/changes", start)}
    )
    yield share("change feed, page of 500", seconds["raw"], seconds["page"], 0.4, "raw view")
    seconds = medians({"without": limits.write_without_feed, "with": limits.write})
    yield factor("1,000 rows inserted, in the feed", seconds["without"], seconds["with"], 1.5, "the same without feed")


def alike() -> Iterator[Row]:
    """Measure finding all duplicates against plain self-joins on what is equal, which find no name but the same."""
    seconds = medians({"joins": limits.equal_pairs, "duplicates": renew_duplicates}, all_rounds=3, least=1)
    yield factor("duplicates among 200,000 customers", seconds["joins"], seconds["duplicates"], 2, "four self-joins")


def queries(send: Callable[..., bytes]) -> Iterator[Row]:
    """Count the queries of a request."""
    one = orjson.loads(send("GET", CUSTOMERS, "limit=1&fields=id"))["results"][0]["id"]
    asked = {
        "queries, list of 1": (CUSTOMERS, "limit=1"),
        "queries, list of 200": (CUSTOMERS, "limit=200"),
        "queries, list of 200 with everything expanded": (CUSTOMERS, "limit=200&expand=organization,addresses"),
        "queries, one record": (f"{CUSTOMERS}/{one}", ""),
    }
    for work, (path, query) in asked.items():
        with CaptureQueriesContext(connection) as captured:
            send("GET", path, query)
        yield Row(work, "with authentication", str(len(captured)), "≤ 3", len(captured) <= 3)
