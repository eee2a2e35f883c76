"""People, organisations, places, dates and amounts of each passage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from common.entity_pages import PagesOfMentions
from common.stage_rows import Entity, Passage
from common.stages import Cursor, EntityFinder, Mention, StageInputs, Step


def entities(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Find what passages name; the cursor is the next one's position.

    The engine is asked once for each language of a step's passages. What stands where two passages
    overlap is found in both: rows are a passage's, and nothing is compared across them. In memory
    are a step's passages and their rows.
    """
    last = inputs.rows.last_passage()
    if last is None:
        yield Step((), 0, 0, 0)
        return
    passages = inputs.rows.passages(start=cursor or 0)
    pages = PagesOfMentions(inputs.rows)
    while batch := list(islice(passages, inputs.limits.passages_at_once)):
        found = _found(inputs.entities(), batch)
        done = batch[-1].position + 1
        rows = [
            Entity(
                passage=passage.position,
                place=place,
                kind=mention.kind,
                text=passage.text[mention.start : mention.end],
                start=mention.start,
                end=mention.end,
                page=page,
                value=mention.value,
                confidence=mention.confidence,
            )
            for passage, mentions in zip(batch, found, strict=True)
            for place, (mention, page) in enumerate(
                zip(mentions, pages.of(passage, mentions), strict=True)
            )
        ]
        yield Step(rows, cursor=done, done=done, total=last + 1)


def _found(finder: EntityFinder, passages: Sequence[Passage]) -> list[list[Mention]]:
    """Return each passage's mentions, asked for by language."""
    by_language: defaultdict[str, list[int]] = defaultdict(list)
    for i, passage in enumerate(passages):
        by_language[passage.language].append(i)
    found: list[list[Mention]] = [[] for _ in passages]
    for language, places in by_language.items():
        answers = finder.find([passages[i].text for i in places], language)
        for i, mentions in zip(places, answers, strict=True):
            found[i] = mentions
    return found
