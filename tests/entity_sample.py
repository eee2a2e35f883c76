"""The labelled sample of entities, and how well an engine does on it.

An entity counts as found where kind, beginning and end are right (`exact`); `touched` counts also
those of the right kind that begin or end elsewhere. What is an entity, and where it ends, stands in
tests/resources/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from common.stage_rows import EntityKind
from common.stages import Mention

FOLDER: Final = Path(__file__).parent / "resources" / "entities"
LANGUAGES: Final = ("en", "fr")
NAMES: Final = (EntityKind.PERSON, EntityKind.ORGANISATION, EntityKind.PLACE)

Find = Callable[[Sequence[str], str], list[list[Mention]]]
Span = tuple[int, int]


@dataclass
class Score:
    """Counts of one kind."""

    expected: int = 0
    found: int = 0
    exact: int = 0
    found_touched: int = 0
    expected_touched: int = 0

    @property
    def precision(self) -> float:
        return self.exact / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.exact / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        return _f1(self.precision, self.recall)

    @property
    def touched_f1(self) -> float:
        precision = self.found_touched / self.found if self.found else 1.0
        recall = self.expected_touched / self.expected if self.expected else 1.0
        return _f1(precision, recall)

    def __add__(self, other: Score) -> Score:
        return Score(
            self.expected + other.expected,
            self.found + other.found,
            self.exact + other.exact,
            self.found_touched + other.found_touched,
            self.expected_touched + other.expected_touched,
        )


def sample(language: str, part: str | None = None) -> list[dict[str, Any]]:
    """Return the passages, of one part (`tuning`, `held`) or all."""
    passages: list[dict[str, Any]] = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    return [each for each in passages if part in {None, each["part"]}]


def scores(find: Find, language: str, part: str | None = None) -> dict[EntityKind, Score]:
    """Say how well an engine finds each kind."""
    passages = sample(language, part)
    found = find([each["text"] for each in passages], language)
    total = {kind: Score() for kind in EntityKind}
    for passage, mentions in zip(passages, found, strict=True):
        for kind in EntityKind:
            expected = {_span(each) for each in passage["expected"] if each["kind"] == kind}
            got = {(each.start, each.end) for each in mentions if each.kind is kind}
            total[kind] += Score(
                len(expected),
                len(got),
                len(expected & got),
                sum(_touches(each, expected) for each in got),
                sum(_touches(each, got) for each in expected),
            )
    return total


def names_score(by_kind: dict[EntityKind, Score]) -> Score:
    """Return that of people, organisations and places together."""
    return sum((by_kind[kind] for kind in NAMES), Score())


def _span(expected: dict[str, Any]) -> Span:
    return expected["start"], expected["start"] + len(expected["text"])


def _touches(span: Span, others: set[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
