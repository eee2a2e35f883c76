"""How well and how fast sentences are found: `python -m tests.bench.bench_sentences`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Final

from common.sentences import Span
from common.stage_rows import Sentence, StageRow
from common.stages import StageFunction, StageInputs
from functions.pipeline.stages.passages import passages
from functions.pipeline.stages.sentences import sentences
from infra.language.segmenter import SentencexSegmenter
from tests.pdfs.prose import chapter
from tests.sentence_samples import measured, paragraphs
from tests.unit.made_pages import Made, inputs_of, pages_of, rows_of

_PAGES: Final = 500
#: A page of a book.
_WORDS_A_PAGE: Final = 450
_RUNS: Final = 5


def main() -> None:
    """Print two tables: how well, and how fast."""
    print(f"{'Sentences':<16} {'marked':>7} {'precision':>22} {'recall':>22}")
    print(f"{'':<16} {'':>7} {'sentencex':>11} {'ours':>10} {'sentencex':>11} {'ours':>10}")
    ours = SentencexSegmenter().spans
    for sample in ("en", "fr", "en-unseen", "fr-unseen"):
        marked = sum(len(lines) for lines in paragraphs(sample))
        alone, rules = measured(sample, _alone()), measured(sample, ours)
        print(
            f"{sample:<16} {marked:>7} {alone.precision:>11.3f} {rules.precision:>10.3f}"
            f" {alone.recall:>11.3f} {rules.recall:>10.3f}"
        )
    print(f"\n{'Of pages with 450 words each':<44} {'measured':>10} {'target':>9}")
    for what, value, target in _speeds():
        print(f"{what:<44} {value:>10.3f} <= {target:<5g} {'met' if value <= target else 'MISSED'}")


def _alone() -> Callable[[str, str], list[Span]]:
    """Return sentencex as it is."""
    from sentencex import segment

    def spans(text: str, language: str) -> list[Span]:
        at = 0
        found: list[Span] = []
        for part in segment(language, text):
            end = at + len(part.rstrip())
            found.append((end - len(part.strip()), end))
            at += len(part)
        return found

    return spans


def _speeds() -> Iterable[tuple[str, float, float]]:
    made: list[Made] = []
    for number in count():
        language = "fr" if number % 2 else "en"
        parts = [text for each in chapter(number, language=language) for text in each.paragraphs]
        words = " ".join(parts).split(" ")
        for at in range(0, len(words), _WORDS_A_PAGE):
            some = words[at : at + _WORDS_A_PAGE]
            pieces = [" ".join(some[at : at + 90]) for at in range(0, len(some), 90)]
            made.append(Made(pieces, " ", language))
        if len(made) >= _PAGES:
            break
    pages = pages_of(*made[:_PAGES])
    inputs = inputs_of(pages)
    seconds, rows = _timed(sentences, inputs)
    print(f"{'sentences on a page':<44} {len(rows) / _PAGES:>10.3g}")
    yield "sentences, ms a page", seconds * 1000 / _PAGES, 0.5
    found = [row for row in rows if isinstance(row, Sentence)]
    seconds, _ = _timed(passages, inputs_of(pages, found))
    yield "passages, ms a page", seconds * 1000 / _PAGES, 0.2


def _timed(stage: StageFunction, inputs: StageInputs) -> tuple[float, list[StageRow]]:
    """Return the CPU seconds of the fastest of some runs, and the rows."""
    seconds = float("inf")
    for _ in range(_RUNS):
        # What is there before is not in a worker's memory.
        gc.collect()
        gc.freeze()
        begun = time.process_time()
        rows = rows_of(list(stage(inputs, None)))
        seconds = min(seconds, time.process_time() - begun)
    return seconds, rows


if __name__ == "__main__":
    main()
