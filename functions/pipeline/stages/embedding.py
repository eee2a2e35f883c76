"""What each passage is about, as numbers: so that a question finds what says it in other words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from common.stage_rows import Embedding
from common.stages import Cursor, StageInputs, Step


def embedding(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Embed the passages; the cursor is the next one's position.

    One call of the engine a checkpoint: what breaks off has cost one call at most.
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
