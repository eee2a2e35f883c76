"""A chunk's stored result is taken for what was recorded only where it is that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import cast

import pytest

from common.errors import NotFound, TransientError
from common.ports import Results
from functions.pipeline.stored_chunk import sound_content

CONTENT = b'{"pages": []}'
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Shelf:
    """Has one result, or an error in its place."""

    error: Exception | None = None

    def read_chunk(self, path: str) -> bytes:
        assert path == "document/0.json"
        if self.error is not None:
            raise self.error
        return CONTENT


def found(shelf: Shelf, checksum: str | None) -> bytes | None:
    return sound_content("document/0.json", checksum, cast(Results, shelf))


def test_what_was_recorded_is_returned() -> None:
    assert found(Shelf(), CHECKSUM) == CONTENT


@pytest.mark.parametrize("checksum", ["0" * 64, "", None])
def test_what_is_not_what_was_recorded_is_none(checksum: str | None) -> None:
    assert found(Shelf(), checksum) is None


def test_what_is_gone_is_none_and_a_store_that_is_away_is_not_taken_for_that() -> None:
    assert found(Shelf(NotFound("gone")), CHECKSUM) is None
    with pytest.raises(TransientError):
        found(Shelf(TransientError("away", code="STORAGE_UNAVAILABLE")), CHECKSUM)
