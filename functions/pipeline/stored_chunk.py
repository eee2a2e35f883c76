"""A stored chunk result, as it was when it was recorded, or not at all."""

from __future__ import annotations

import hashlib

from common.errors import NotFound
from common.ports import Results


def sound_content(path: str, checksum: str | None, results: Results) -> bytes | None:
    """Return the JSON of a chunk result, or None where it is gone or is not what was recorded.

    `checksum` is the recorded SHA-256 in hexadecimal; without one nothing is sound.
    """
    try:
        content = results.read_chunk(path)
    except NotFound:
        return None
    return content if hashlib.sha256(content).hexdigest() == checksum else None
