"""What is searched for, what is found, and how two rankings become one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from common.stage_rows import LineBox

Key = TypeVar("Key", bound=Hashable)

#: How much a place counts above the next one. Cormack, Clarke and Büttcher (SIGIR 2009) took 60 for
#: rankings of a thousand; of a hundred, and for an answer of ten, less has found more here
#: (docs/search.md has the figures).
RANK_CONSTANT: Final = 10
#: The query's words are sure, what a passage is about is a guess.
TEXT_WEIGHT: Final = 2.0
VECTOR_WEIGHT: Final = 1.0


class SearchMode(StrEnum):
    """By what passages are found."""

    HYBRID = "hybrid"  #: By both
    TEXT = "text"  #: By the words of the query, in any of their forms
    VECTORS = "vectors"  #: By what they are about


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query, and where it is searched. What is None or empty limits nothing."""

    query: str
    documents: tuple[UUID, ...] = ()
    matter: str | None = None
    #: BCP-47; `fr` is any French.
    language: str | None = None
    mode: SearchMode = SearchMode.HYBRID
    limit: int = 10


@dataclass(frozen=True, slots=True)
class SearchScope:
    """What there is to search in."""

    #: Documents that are the caller's, fit the request and have passages.
    documents: int
    #: Those of them whose vectors were made by the engine that is asked now.
    with_vectors: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage in a ranking of each kind: from 1, None where it is not in it."""

    job_id: UUID
    position: int
    text_rank: int | None
    vector_rank: int | None
    #: From 0 to 1, which is the first place in every ranking.
    score: float


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that was found. Offsets are code points."""

    document_id: UUID
    #: Whose result the document has now: its pages are those that are shown.
    job_id: UUID
    filename: str
    #: Its position in the document.
    passage: int
    page_start: int
    page_end: int
    language: str
    text: str
    #: A piece of the text, and where in it words of the query stand.
    snippet: str
    marks: tuple[tuple[int, int], ...]
    boxes: tuple[LineBox, ...]
    #: Where words of the query stand on the pages.
    highlights: tuple[LineBox, ...]
    score: float
    text_rank: int | None
    vector_rank: int | None


@dataclass(frozen=True, slots=True)
class SearchNote:
    """Why a search is not what was asked for."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What was found, the best first, and how."""

    results: tuple[FoundPassage, ...]
    mode: SearchMode
    scope: SearchScope
    notes: tuple[SearchNote, ...] = ()


def fused(
    rankings: Sequence[Sequence[Key]], *, weights: Sequence[float] | None = None
) -> list[tuple[Key, float]]:
    """Fuse rankings by reciprocal ranks: return what is in any of them, the best first.

    Scores go from 0 to 1, the first place in all rankings. Equal ones keep the order in which the
    rankings name them.
    """
    shares = [1.0] * len(rankings) if weights is None else list(weights)
    best = sum(shares) / (RANK_CONSTANT + 1)
    scores: dict[Key, float] = {}
    for ranking, share in zip(rankings, shares, strict=True):
        for rank, key in enumerate(ranking, 1):
            scores[key] = scores.get(key, 0.0) + share / (RANK_CONSTANT + rank) / best
    return sorted(scores.items(), key=lambda scored: -scored[1])


def ranked(
    by_text: Sequence[tuple[UUID, int]] | None,
    by_vectors: Sequence[tuple[UUID, int]] | None,
    limit: int,
) -> list[Ranked]:
    """Return the best of one ranking, or of two of them together. None is one not asked for."""
    asked = ((by_text, TEXT_WEIGHT), (by_vectors, VECTOR_WEIGHT))
    rankings = [ranking for ranking, _ in asked if ranking is not None]
    weights = [weight for ranking, weight in asked if ranking is not None]
    text = {key: rank for rank, key in enumerate(by_text or (), 1)}
    vectors = {key: rank for rank, key in enumerate(by_vectors or (), 1)}
    return [
        Ranked(*key, text_rank=text.get(key), vector_rank=vectors.get(key), score=score)
        for key, score in fused(rankings, weights=weights)[:limit]
    ]
