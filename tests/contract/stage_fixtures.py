"""A merged job and whoever takes it through its stages, in this process, on real Postgres."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from common.lifecycle import AFTER_OCR, JobStatus, Stage
from common.models import JobId, MergedDocument
from common.results import Block, Line, Page, Paragraph, Word
from common.stages import PlannedStage, StageInputs, StageLimits, StageOf, StageRef, StageWork
from functions.pipeline.process_chunk import RetryPolicy
from functions.pipeline.run_stage import run_stage
from infra.database.stages import PostgresStages
from tests.world import LEASE, World

#: Tables of stages' rows, with what they are ordered by.
TABLES = {
    Stage.TEXT: ("page_texts", "page"),
    Stage.SENTENCES: ("sentences", "position"),
    Stage.PASSAGES: ("passages", "position"),
    Stage.ENTITIES: ("entities", "passage, place"),
    Stage.EMBEDDING: ("passage_embeddings", "position"),
    Stage.TREE: ("tree_nodes", "position"),
    Stage.VECTORS: ("passage_vectors", "position"),
}
RETRIES = RetryPolicy(3, 5, timedelta(seconds=2), timedelta(seconds=60))


class Killed(BaseException):
    """The process is gone: nothing that it would do behind this is done."""


class Process:
    """The repository as one process has it, which may be killed before it records a checkpoint."""

    def __init__(self, stages: PostgresStages, dies_at: int | None = None) -> None:
        self._stages, self._left = stages, dies_at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._stages, name)

        def called(*arguments: Any, **named: Any) -> Any:
            if self._left is not None:
                self._left -= name == "record"
                if self._left < 0:
                    raise Killed
            return method(*arguments, **named)

        return called


@dataclass
class Desk:
    """One job's way through its stages: what is sent is done here, a message at a time."""

    world: World
    listed: Sequence[StageOf]
    inputs: Callable[[StageWork], StageInputs]
    interval: int = 2
    sent: deque[StageRef] = field(default_factory=deque)
    delays: list[timedelta] = field(default_factory=list)
    ended: list[JobId] = field(default_factory=list)
    slice_seconds: float = 60.0
    #: Called at every live update with how many there have been.
    on_update: Callable[[], None] = lambda: None

    @property
    def stages(self) -> PostgresStages:
        return PostgresStages(self.world.pool, lease=LEASE)

    def merged(self, pages: int, *, wanted: Sequence[Stage] = AFTER_OCR) -> JobId:
        """Make a job whose merge has just ended; its first stage's message is sent."""
        job_id, chunks = self.world.add_job(1, pages=pages)
        self.world.finish_chunk(chunks[0])
        merge = self.world.merges.claim(job_id)
        assert merge is not None
        planned = [PlannedStage(stage, "1") for stage in wanted]
        merged = MergedDocument(JobStatus.COMPLETED, pages, 0, "result.json", None, "checksum")
        self.world.merges.finish(merge, merged, planned)
        if planned:
            self.sent.append(StageRef(job_id, planned[0].stage))
        return job_id

    def run(self, *, dies_at: int | None = None) -> None:
        """Do what the oldest message says."""
        ref = self.sent.popleft()
        of = next(of for of in self.listed if of.stage is ref.stage)
        run_stage(
            ref.job_id,
            of,
            stages=Process(self.stages, dies_at),
            inputs=self.inputs,
            dependents=self.dependents,
            dispatch=self,
            announce=self.ended.append,
            live=self,
            retries=RETRIES,
            interval=self.interval,
            lease=LEASE,
            slice_seconds=self.slice_seconds,
        )

    def run_until(self, stage: Stage | None = None) -> None:
        """Do what is sent, until the next is this stage's, or nothing is left."""
        while self.sent and self.sent[0].stage is not stage:
            self.run()

    def dependents(self, stage: Stage) -> Sequence[Stage]:
        found = {stage}
        for of in self.listed:
            if found.intersection(of.needs):
                found.add(of.stage)
        return [of.stage for of in self.listed if of.stage in found and of.stage is not stage]

    def send_stage(self, stage: StageRef, delay: timedelta = timedelta()) -> None:
        self.sent.append(stage)
        self.delays.append(delay)

    def publish(self, _: object) -> None:
        self.on_update()

    def job(self, job_id: JobId) -> dict[str, Any]:
        return self.world.one("SELECT * FROM jobs WHERE id = %s", job_id)

    def of(self, job_id: JobId, stage: Stage) -> dict[str, Any]:
        return self.world.one(
            "SELECT * FROM job_stages WHERE job_id = %s AND stage = %s", job_id, stage.value
        )

    def events(self, job_id: JobId) -> list[str]:
        return [row["kind"] for row in self._all("job_events", "id", job_id)]

    def rows(self, job_id: JobId) -> dict[str, list[dict[str, Any]]]:
        """Return what all stages have made of a job's document, but for its ids."""
        found = {}
        for table, order in TABLES.values():
            rows = self._all(table, order, job_id)
            found[table] = [
                {key: row[key] for key in row if key not in {"job_id", "document_id"}}
                for row in rows
            ]
        return found

    def _all(self, table: str, order: str, job_id: JobId) -> list[dict[str, Any]]:
        with self.world.pool.connection() as connection:
            return connection.execute(
                f"SELECT * FROM {table} WHERE job_id = %s ORDER BY {order}", (job_id,)
            ).fetchall()


def limits(pages: int = 2, passages: int = 3) -> StageLimits:
    return StageLimits(
        passage_tokens=40, overlap_tokens=8, pages_at_once=pages, passages_at_once=passages
    )


# ── pages as OCR gives them ────────────────────────────────────────────────────────────────────


def made_page(number: int, paragraphs: Sequence[str], *, start: int = 0) -> Page:
    """Set paragraphs of lines, divided by line breaks, below each other."""
    blocks, text, top = [], "", 0.08
    for paragraph in paragraphs:
        lines = []
        for line in paragraph.split("\n"):
            words, left = [], 0.1
            begin = start + len(text)
            for word in line.split():
                at, right = start + len(text), left + 0.009 * len(word)
                text += word + " "
                box = (left, top, right, top + 0.012)
                words.append(Word(word, at, start + len(text), box, 0.98))
                left = right + 0.008
            text = text[:-1] + "\n"
            box = (0.1, top, left, top + 0.012)
            lines.append(Line(begin, start + len(text), box, 0.98, words))
            top += 0.016
        box = (0.1, lines[0].box[1], 0.9, lines[-1].box[3])
        made = Paragraph(lines[0].start, lines[-1].end, box, 0.98, lines)
        blocks.append(Block(made.start, made.end, box, 0.98, [made]))
        top += 0.02
    return Page(number, 1700, 2200, "pixels", start, start + len(text), text, 0.98, ["en"], blocks)


def made_pages(count: int) -> list[Page]:
    """A report of so many pages: a running head, headings, prose, and a page number each."""
    pages, start = [], 0
    for number in range(1, count + 1):
        page = made_page(
            number,
            [
                "Report of the Harbour Board",
                f"{number}. Works of the year {1900 + number}",
                f"The board met {number + 2} times in Lisbon and heard Mr. Almeida on dredging.\n"
                f"It cost {number}5,000 francs. Nobody had expected that the northern pier would\n"
                f"need repairs again on {number} March {1900 + number}, but the storm had come.",
                "Ships of more than four hundred tons were led in by pilots. They paid a fee\n"
                f"that was set anew every spring, and quay number {number} was kept for grain.",
                str(number),
            ],
            start=start,
        )
        start = page.end
        pages.append(page)
    return pages


def pages_above(pages: Sequence[Page]) -> Callable[[int], Iterator[Page]]:
    return lambda after: (page for page in pages if page.number > after)
