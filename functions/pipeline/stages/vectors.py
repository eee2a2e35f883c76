"""Puts embeddings where they are searched. The database copies them: no number comes through here.

Embeddings are written at once, their index costs more than they do. Apart, a stage that fails or is
cancelled before this one has touched nothing that anybody searches.
"""

from __future__ import annotations

from collections.abc import Iterator

from common.stage_rows import PublishedVectors
from common.stages import Cursor, StageInputs, Step


def vectors(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Publish the passages' embeddings; the cursor is the next one's position."""
    last = inputs.rows.last_passage()
    if last is None:
        yield Step((), 0, 0, 0)
        return
    total, at_once = last + 1, inputs.limits.passages_at_once
    for first in range(cursor or 0, total, at_once):
        done = min(first + at_once, total)
        yield Step([PublishedVectors(first, done - 1)], cursor=done, done=done, total=total)
