"""Passages: sentences put together to what is found and quoted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from common.passages import counted, cut, made
from common.stage_rows import Passage
from common.stages import Cursor, StageInputs, Step


def passages(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Put sentences together to passages; a step is at most `passages_at_once` of them.

    Done is counted in sentences. In memory are the passages of a step.
    """
    limits = inputs.limits
    last = inputs.rows.last_sentence()
    total = 0 if last is None else last + 1
    at = cursor or {"first": 0, "next": 0, "passage": 0}
    position = at["passage"]
    sentences = counted(inputs.rows.sentences(start=at["first"]))
    carried = list(islice(sentences, at["next"] - at["first"]))
    rows: list[Passage] = []
    for some, shared in cut(
        sentences, carried, limit=limits.passage_tokens, overlap=limits.overlap_tokens
    ):
        rows.append(made(position, some))
        position += 1
        behind = some[-1].sentence.position + 1
        at = {"first": behind - len(shared), "next": behind, "passage": position}
        if len(rows) == limits.passages_at_once:
            yield Step(rows, at, behind, total)
            rows = []
    if rows or at["next"] == 0:
        yield Step(rows, at, at["next"], total)
