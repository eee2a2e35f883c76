"""How well the text stage does on its labelled samples, and how long it takes for a page.

Run as `python -m tests.bench.bench_text`. Speed is that of one process on pages of made-up books,
decoding apart; memory is what the pages that are looked at together take.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import msgspec

from common.results import Page
from common.text_layout import Carried
from common.text_pages import REACH, running_texts
from tests.text_books import STYLES
from tests.text_samples import (
    Score,
    hyphen_score,
    join_score,
    line_ends,
    made_samples,
    margin_score,
    real_samples,
)
from tests.text_typesetting import typeset

_PAGES: Final = 600
_WORDS: Final = 400


def main() -> None:
    """Print figures for hyphens, margins and joins; then milliseconds and memory."""
    _hyphens()
    real, made = real_samples(), made_samples()
    later = [sample for sample in real if not sample.seen]
    _line("margins, real pages", margin_score(real))
    _line("  of documents met later", margin_score(later))
    _line("margins, made-up books", margin_score(made))
    for name, samples in (("real pages", real), ("made-up books", made)):
        score, exact, breaks = join_score(samples)
        _line(f"goes on overleaf, {name}", score)
        print(f"  page breaks right: {exact} of {breaks} ({100 * exact / breaks:.1f} %)")
    _speed()


def _hyphens() -> None:
    ends = list(line_ends())
    for language in ("en", "fr", "de"):
        for found in (True, False):
            some = [end for end in ends if end.language == language and end.found is found]
            name = f"hyphens, {language}, {'found' if found else 'made up'}"
            _line(name, hyphen_score(some))
            right = sum(end.made == end.whole for end in some)
            print(f"  line ends right: {right} of {len(some)} ({100 * right / len(some):.1f} %)")


def _speed() -> None:
    style = next(style for style in STYLES if style.name == "left and right in one line")
    pages = [one.page for one in typeset(replace(style, pages=_PAGES), 1)]
    content = [msgspec.json.encode(page) for page in pages]
    words = sum(len(page.text.split()) for page in pages)
    began = time.process_time()
    for _ in _decoded(content):
        pass
    decoding = time.process_time() - began
    began = time.process_time()
    for _ in running_texts(_decoded(content), after=0, carried=Carried()):
        pass
    whole = time.process_time() - began
    each = 1000 * (whole - decoding) / words * _WORDS
    beside = 1000 * decoding / words * _WORDS
    print(f"speed: {each:.2f} ms a page of {_WORDS} words; its decoding {beside:.2f} ms")
    for count in (60, _PAGES):
        tracemalloc.start()
        for _ in running_texts(_decoded(content[:count]), after=0, carried=Carried()):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"memory: {peak / 1e6:.1f} MB for {count} pages, {REACH} ahead and behind")


def _decoded(content: list[bytes]) -> Iterator[Page]:
    return map(msgspec.json.Decoder(Page).decode, content)


def _line(name: str, score: Score) -> None:
    print(f"{name}: {score}")


if __name__ == "__main__":
    main()
