"""Whether search finds what answers a question, and how soon.

`python -m tests.bench.bench_search [--each] [--many]`. Two real manuals lie in one owner's
documents, and are asked what they answer somewhere (tests/resources/search). A passage answers that
holds the sentence with the answer. `--each` prints every question's rank in each mode, `--many`
times searches among forty times as many passages.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from common.access import Caller
from common.folding import fold
from common.search import SearchMode, SearchRequest
from functions.pipeline.search_passages import search_passages
from infra.database.pool import Pool, open_pool
from infra.database.search import PostgresSearch
from infra.embedding.wordllama import WordLlamaEmbedder
from infra.local.home import Home
from infra.local.services import database
from infra.local.stack import Stack
from infra.settings import DatabaseSettings
from tests.bench.search_corpus import (
    Manual,
    NotToBeHad,
    Question,
    Shelf,
    fetched,
    manuals,
    read,
)
from tests.bench.search_many import copy_documents

_CALLER = Caller("reader")
#: Passages in an answer by default: the rest counts as not found.
_SHOWN = 10


class Asked(NamedTuple):
    """A question's outcome."""

    language: str
    question: Question
    mode: SearchMode
    #: Of the first passage that answers, from 1; None where none of those shown does.
    rank: int | None
    seconds: float


def main() -> None:
    """Print recall and mean reciprocal rank by mode, language and kind of question."""
    asked = manuals()
    try:
        contents = [fetched(manual) for manual in asked]
    except NotToBeHad as error:
        print(f"Search quality: left out. {error}")
        return
    with tempfile.TemporaryDirectory(prefix="quire-bench-") as name:
        home = Home(Path(name) / "home")
        with (
            Stack(home, services=lambda layout: [database(layout)]) as stack,
            open_pool(DatabaseSettings(url=stack.endpoints["postgres"])) as pool,
        ):
            embedder = WordLlamaEmbedder()
            shelf = Shelf(pool, embedder)
            for manual, content in zip(asked, contents, strict=True):
                shelf.add(manual.name, read(content, manual.language), _CALLER.owner)
            _tell_corpus(pool, asked)
            outcomes = list(_outcomes(pool, asked, embedder))
            _tell(outcomes)
            if "--many" in sys.argv:
                _tell_many(pool, asked, embedder)
    if "--each" in sys.argv:
        _tell_each(outcomes)


def _outcomes(pool: Pool, asked: Sequence[Manual], embedder: WordLlamaEmbedder) -> Iterator[Asked]:
    search = PostgresSearch(pool)
    for mode in SearchMode:
        for manual in asked:
            for question in manual.questions:
                begun = time.monotonic()
                answer = search_passages(
                    SearchRequest(question.asked, mode=mode, limit=_SHOWN),
                    _CALLER,
                    passages=search,
                    engine=lambda: embedder.name,
                    embedder=lambda: embedder,
                )
                seconds = time.monotonic() - begun
                assert answer.mode is mode, answer.notes
                rank = _rank((passage.text for passage in answer.results), question)
                yield Asked(manual.language, question, mode, rank, seconds)


def _tell_many(pool: Pool, asked: Sequence[Manual], embedder: WordLlamaEmbedder) -> None:
    count = copy_documents(pool, _CALLER.owner, "collector")
    for how, exact in (("every vector compared", count), ("vectors by their index", 0)):
        search = PostgresSearch(pool, exact=exact, seconds=60)
        times = []
        for question in asked[0].questions:
            begun = time.monotonic()
            search_passages(
                SearchRequest(question.asked),
                Caller("collector"),
                passages=search,
                engine=lambda: embedder.name,
                embedder=lambda: embedder,
            )
            times.append(time.monotonic() - begun)
        print(
            f"{count:,} passages, {how}: {statistics.median(times) * 1000:.0f} ms a search,"
            f" at most {max(times) * 1000:.0f}"
        )


def _rank(texts: Iterable[str], question: Question) -> int | None:
    answers = [fold(answer) for answer in question.answers]
    for rank, text in enumerate(texts, 1):
        folded = fold(text)
        if any(answer in folded for answer in answers):
            return rank
    return None


def _tell_corpus(pool: Pool, asked: Sequence[Manual]) -> None:
    """Print what is searched. A question without a passage that answers it would be a mistake."""
    with pool.connection() as connection:
        rows = connection.execute("SELECT text FROM passages").fetchall()
    texts = [row["text"] for row in rows]
    for manual in asked:
        for question in manual.questions:
            if _rank(texts, question) is None:
                print(f"no passage answers “{question.asked}”: {question.answers}")
    count = sum(len(manual.questions) for manual in asked)
    print(f"Search quality: {count} questions to {len(asked)} manuals, {len(texts):,} passages")


def _tell(outcomes: Sequence[Asked]) -> None:
    print(f"{'':<22} {'questions':>9}" + "".join(f" {mode.value:>17}" for mode in SearchMode))
    print(f"{'':<22} {'':>9}" + f" {'recall@5':>9} {'MRR@10':>7}" * len(SearchMode))
    languages = sorted({each.language for each in outcomes})
    kinds = sorted({each.question.kind for each in outcomes})
    _tell_row("all", outcomes)
    for language in languages:
        _tell_row(language, [each for each in outcomes if each.language == language])
    for kind in kinds:
        _tell_row(kind, [each for each in outcomes if each.question.kind == kind])
    for mode in SearchMode:
        times = [each.seconds for each in outcomes if each.mode is mode]
        print(
            f"{mode.value}: {statistics.median(times) * 1000:.0f} ms a search, "
            f"at most {max(times) * 1000:.0f}"
        )


def _tell_row(name: str, outcomes: Sequence[Asked]) -> None:
    row = f"{name:<22} {len(outcomes) // len(SearchMode):>9}"
    for mode in SearchMode:
        ranks = [each.rank for each in outcomes if each.mode is mode]
        recall = sum(rank is not None and rank <= 5 for rank in ranks) / len(ranks)
        reciprocal = sum(1 / rank for rank in ranks if rank is not None) / len(ranks)
        row += f" {recall:>9.3f} {reciprocal:>7.3f}"
    print(row)


def _tell_each(outcomes: Sequence[Asked]) -> None:
    by_question: dict[str, dict[SearchMode, int | None]] = {}
    for each in outcomes:
        by_question.setdefault(each.question.asked, {})[each.mode] = each.rank
    for asked, ranks in by_question.items():
        print(" ".join(f"{ranks[mode] or '-':>3}" for mode in SearchMode), asked)


if __name__ == "__main__":
    main()
