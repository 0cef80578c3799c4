"""E-mail addresses that name a record, `support+…@example.com` (RFC 5233), which nobody can make up."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

from crm import signing

PROOF: Final = 10  # bytes: 80 bits of a signature
TOKEN: Final = re.compile(r"\+([a-z2-7]{42})@", re.IGNORECASE)  # base32: mail systems may write all small
LONGEST: Final = 64 - 43  # before the sign: RFC 5321, section 4.5.3.1.1


@dataclass(frozen=True)
class PlusAddresses:
    """A kind of such addresses: what they name is signed for this kind alone."""

    salt: str

    def address(self, mailbox: str, key: UUID) -> str:
        """Return the address of a mailbox that names a record; empty where there is none, or its name is too long."""
        name, at, host = mailbox.rpartition("@")
        if not at or len(name) > LONGEST:
            return ""
        token = base64.b32encode(key.bytes + self.proof(key, signing.keys()[0])).decode().rstrip("=").lower()
        return f"{name}+{token}@{host}"

    def key_in(self, addresses: str) -> UUID | None:
        """Return the record that the first of some addresses of this kind names; None where none does."""
        secrets = signing.keys()
        for token in TOKEN.findall(addresses):
            said = base64.b32decode(f"{token}======", casefold=True)
            key, proof = UUID(bytes=said[:16]), said[16:]
            if any(constant_time_compare(self.proof(key, secret), proof) for secret in secrets):
                return key
        return None

    def proof(self, key: UUID, secret: str) -> bytes:
        """Return what proves that an address is ours."""
        return salted_hmac(self.salt, key.bytes, secret=secret, algorithm="sha256").digest()[:PROOF]


def without_token(address: str) -> str:
    """Return the address of the mailbox, in small letters."""
    return TOKEN.sub("@", address).lower()
