"""How fast messages leave: so many a second, and so many a second to one domain."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

MOST_DOMAINS: Final = 10_000


@dataclass
class Throttle:
    """Says when the next message may leave; a process has one for each campaign."""

    free_at: float = 0.0
    domains: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def wait(self, domain: str) -> float:
        """Return for how many seconds a message to a domain must wait."""
        return max(0.0, max(self.free_at, self.domains.get(domain, 0.0)) - time.monotonic())

    def took(self, domain: str, per_second: int, per_second_and_domain: int) -> None:
        """Note that a message to a domain leaves now."""
        now = time.monotonic()
        self.free_at = now + 1 / per_second
        self.domains[domain] = now + 1 / per_second_and_domain
        self.domains.move_to_end(domain)
        if len(self.domains) > MOST_DOMAINS:
            self.domains.popitem(last=False)


def domain_of(address: str) -> str:
    """Return the domain of an address."""
    return address.rpartition("@")[2].lower()
