"""The document's sections, one within the other: from its bookmarks and headings to passages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.stage_rows import TreeNode
from common.stages import Cursor, OutlineEntry, StageInputs, Step
from common.tree_nodes import fill
from common.tree_plan import Spans, plan_sections
from common.tree_starts import find_beginnings


def tree(inputs: StageInputs, cursor: Cursor) -> Iterator[Step]:
    """Make the document's tree; the cursor is its outline, and how many sections are written.

    Sections are written as they are finished, parts before what they are part of. After a break
    the document is gone through again from its beginning, which takes a fraction of a millisecond
    a page; its bookmarks, for which the upload had to be fetched, are not read again.
    """
    rows = inputs.rows
    last = rows.last_passage()
    total = 0 if last is None else last + 1
    if cursor is None:
        outline = [[each.title, each.level, each.page, each.top] for each in inputs.outline()]
        cursor = {"outline": outline, "sections": 0}
        yield Step((), cursor, 0, total)
    entries = [OutlineEntry(*entry) for entry in cursor["outline"]]
    found = find_beginnings(rows.sentences(), entries, inputs.work.pages)
    spans = Spans.of(rows.passages(), found.lengths)
    sections = plan_sections(found, spans, inputs.work.filename, inputs.work.pages)
    waiting: list[TreeNode] = []
    written: int = cursor["sections"]
    reached, at_once = 0, inputs.limits.passages_at_once
    nodes = fill(sections, found, rows.passages(), rows.embeddings())
    for number, (done, node) in enumerate(nodes, 1):
        if number <= written:
            reached = done
            continue
        waiting.append(node)
        if max(done - reached, len(waiting)) >= at_once or number == len(sections):
            yield Step(waiting, _at(cursor, number), done, total)
            waiting, reached = [], done


def _at(cursor: Any, sections: int) -> Cursor:
    return {**cursor, "sections": sections}
