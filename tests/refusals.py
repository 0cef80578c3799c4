"""What a refusal looks like."""

from __future__ import annotations

from typing import Any

from customers.models import Customer

CUSTOMERS = "/api/v1/customers"


def refusal(answer: Any, status: int) -> dict[str, Any]:
    """Return the problem after making sure that it is one, and that nothing was written."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] in {"application/problem+json", "application/problem+xml"}
    assert not Customer.objects.exists()
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return problem
