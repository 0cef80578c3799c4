"""Which host an address names, and which leads to this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def host_of(address: str) -> str:
    """Return the host that an address names; empty where it is no address."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Tell whether a host name means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def in_address(host: str) -> str:
    """Return a host as addresses have it: IPv6 in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def reached_at(host: str) -> str:
    """Return the host at which this machine reaches what listens on `host`, which may stand for all addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- nothing listens here


def own_host(host: str) -> str:
    """Return, as addresses have it, the loopback host at which what listens on `host` is developed."""
    reached = reached_at(host)
    return in_address(reached) if is_loopback(reached) else "127.0.0.1"
