"""API keys: how they are made, written and recognized. A key is shown once and kept as a hash.

A key is `qk_ID_SECRET`: the id finds its row, the secret proves that it is the key. The secret has
256 random bits, so that one round of SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass
from typing import Final, Self

#: What every key begins with, by which scanners and people know it.
KEY_MARK: Final = "qk_"

#: No sign that ends a word: a double click takes the whole key.
_ALPHABET: Final = string.ascii_letters + string.digits
_ID_LENGTH: Final = 12
_SECRET_LENGTH: Final = 43  # of 62 signs: 256 bits
_KEY: Final = re.compile(
    rf"({KEY_MARK}[0-9A-Za-z]{{{_ID_LENGTH}}})_([0-9A-Za-z]{{{_SECRET_LENGTH}}})"
)


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """One key in its two parts."""

    #: `qk_ID`: unique, and no secret.
    prefix: str
    _secret: str

    @classmethod
    def generate(cls) -> Self:
        """Make a new one."""
        return cls(KEY_MARK + _random(_ID_LENGTH), _random(_SECRET_LENGTH))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read what a caller sent; None where it can't be a key."""
        found = _KEY.fullmatch(text)
        return cls(found[1], found[2]) if found else None

    @property
    def text(self) -> str:
        """The whole key, as its owner is shown it."""
        return f"{self.prefix}_{self._secret}"

    @property
    def digest(self) -> bytes:
        """What is kept of the secret: its SHA-256."""
        return hashlib.sha256(self._secret.encode()).digest()

    def is_that_of(self, digest: bytes | None) -> bool:
        """Whether the secret is the one that was kept, in a time that tells nothing of it."""
        return hmac.compare_digest(self.digest, digest or bytes(32)) and digest is not None


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
