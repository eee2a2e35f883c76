"""On which page a mention stands whose passage goes over the end of one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from common.stage_rows import Passage, Sentence
from common.stages import Mention, StageRows


class PagesOfMentions:
    """Reads sentences beside passages, once, and only from the first that is on two pages.

    A passage's text is its sentences with one character between each two. Within a sentence that
    is on two pages itself, its lines' widths tell how much of it is on which: right but for a few
    words around the page's end.
    """

    def __init__(self, rows: StageRows) -> None:
        self._rows = rows
        self._sentences: Iterator[Sentence] | None = None
        #: Read, and perhaps in the next passage as well.
        self._kept: list[Sentence] = []

    def of(self, passage: Passage, mentions: Sequence[Mention]) -> list[int]:
        """Return each mention's page. Passages must come in order."""
        if passage.page_start == passage.page_end or not mentions:
            return [passage.page_start] * len(mentions)
        sentences = self._of_passage(passage)
        starts: list[int] = []
        offset = 0
        for sentence in sentences:
            starts.append(offset)
            offset += len(sentence.text) + 1
        pages = []
        for mention in mentions:
            i = bisect_right(starts, mention.start) - 1
            pages.append(_page(sentences[i], mention.start - starts[i]))
        return pages

    def _of_passage(self, passage: Passage) -> list[Sentence]:
        if self._sentences is None:
            self._sentences = self._rows.sentences(start=passage.first_sentence)
        kept = [each for each in self._kept if each.position >= passage.first_sentence]
        if not kept or kept[-1].position < passage.last_sentence:
            for sentence in self._sentences:
                if sentence.position >= passage.first_sentence:
                    kept.append(sentence)
                if sentence.position == passage.last_sentence:
                    break
        self._kept = kept
        return kept[: passage.last_sentence - passage.first_sentence + 1]


def _page(sentence: Sentence, offset: int) -> int:
    if sentence.page_start == sentence.page_end:
        return sentence.page_start
    total = sum(x1 - x0 for _, x0, _, x1, _ in sentence.boxes)
    reached = 0.0
    for page, x0, _, x1, _ in sentence.boxes:
        reached += x1 - x0
        if offset * total < reached * len(sentence.text):
            return page
    return sentence.page_end
