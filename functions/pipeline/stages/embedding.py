"""What each passage is about, as numbers: so that a question finds what says it in other words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from common.stage_rows import Embedding
from common.stages import Cursor, StageInputs, Step


def embedding(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Embed the passages; the cursor is the next one's position.

    One request to the engine a checkpoint, so what breaks off has cost one request at most: a call
    of its service where one takes all the texts, and a call a passage where one takes one.
    """
    last = inputs.rows.last_passage()
    if last is None:
        yield Step((), 0, 0, 0)
        return
    passages = inputs.rows.passages(start=cursor or 0)
    while batch := list(islice(passages, inputs.limits.passages_at_once)):
        vectors = inputs.embedder().embed([passage.text for passage in batch])
        done = batch[-1].position + 1
        yield Step(
            [
                Embedding(passage.position, vector)
                for passage, vector in zip(batch, vectors, strict=True)
            ],
            cursor=done,
            done=done,
            total=last + 1,
        )
