"""Conditions on generations, which decide races.

See https://cloud.google.com/storage/docs/request-preconditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from infra.local.emulators.cloud_storage.errors import condition_not_met, invalid, not_modified
from infra.local.emulators.file_store import StoredBucket, StoredObject


def number(values: Mapping[str, str], name: str) -> int | None:
    """Return an integer parameter, or None where it is not given."""
    text = values.get(name)
    if text is None:
        return None
    if not text.lstrip("-").isdecimal():
        raise invalid(f"Invalid value '{text}' for {name}: expected an integer.")
    return int(text)


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What must (not) be there. Generation 0 stands for no object at all."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    @classmethod
    def of_query(cls, query: Mapping[str, str], prefix: str = "if") -> Self:
        """Read `ifGenerationMatch` and its kin; with `ifSource` those of a copy's source."""
        return cls(
            number(query, f"{prefix}GenerationMatch"),
            number(query, f"{prefix}GenerationNotMatch"),
            number(query, f"{prefix}MetagenerationMatch"),
            number(query, f"{prefix}MetagenerationNotMatch"),
        )

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> Self:
        """Read the XML interface's headers."""
        return cls(
            generation_match=number(headers, "x-goog-if-generation-match"),
            metageneration_match=number(headers, "x-goog-if-metageneration-match"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return them for keeping; the keywords build them again."""
        return asdict(self)

    def _match(self, generation: int, metageneration: int) -> bool:
        return self.generation_match in (None, generation) and self.metageneration_match in (
            None,
            metageneration,
        )

    def _differ(self, generation: int, metageneration: int) -> bool:
        return self.generation_not_match != generation and (
            self.metageneration_not_match != metageneration
        )

    def check_write(self, stored: StoredObject | None) -> None:
        """Raise 412 unless the object that would be replaced is the expected one."""
        numbers = (stored.generation, stored.metageneration) if stored else (0, 0)
        if not (self._match(*numbers) and self._differ(*numbers)):
            raise condition_not_met()

    def check_read(self, stored: StoredObject | None) -> None:
        """Raise 412 for another object than the expected one, 304 for the one known already."""
        numbers = (stored.generation, stored.metageneration) if stored else (0, 0)
        if not self._match(*numbers):
            raise condition_not_met()
        if not self._differ(*numbers):
            raise not_modified()

    def check_bucket(self, bucket: StoredBucket) -> None:
        """Raise 412 unless the bucket's metageneration is as expected."""
        if not (
            self._match(0, bucket.metageneration)
            and self.metageneration_not_match != bucket.metageneration
        ):
            raise condition_not_met()
