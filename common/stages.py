"""What a stage after OCR is: it goes from checkpoint to checkpoint, and each is all or nothing.

A stage is one function from what is there to steps. It reads what earlier stages have made and
yields rows with the place where it would go on; whoever runs it writes both in one transaction. So
it knows nothing of leases, pauses or the database, and may end after any step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from common.access import Caller
from common.lifecycle import AFTER_OCR, Stage, StageStatus
from common.models import DocumentId, JobId, JobOptions, ObjectRef, Priority
from common.results import Page
from common.stage_rows import (
    Embedding,
    EntityKind,
    PageText,
    Passage,
    Sentence,
    StageRow,
    Vector,
)

#: Where a stage goes on: whatever of its own can be written as JSON. None is the beginning.
Cursor = Any


#: What `done` and `total` of a stage count.
UNITS: Final[Mapping[Stage, str]] = {
    Stage.TEXT: "page",
    Stage.SENTENCES: "page",
    Stage.PASSAGES: "sentence",
    Stage.ENTITIES: "passage",
    Stage.EMBEDDING: "passage",
    Stage.TREE: "passage",
    Stage.VECTORS: "passage",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What was made since the last checkpoint, and where the next one goes on."""

    rows: Sequence[StageRow]
    cursor: Cursor
    #: Of `total`, in the stage's own unit.
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StageWork:
    """A claimed stage: the right to go on with it until the lease ends."""

    job_id: JobId
    document_id: DocumentId
    stage: Stage
    attempt: int
    #: Claims since the last progress, this one included.
    stalls: int
    cursor: Cursor
    options: JobOptions
    priority: Priority
    source: ObjectRef
    filename: str
    #: The merged result: its name, and its SHA-256 in hexadecimal.
    result_path: str
    result_checksum: str
    #: Pages that were read.
    pages: int
    #: Tries since the last checkpoint that ended by something that may pass.
    failures: int = 0


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage that a job is to go through, and what will make it."""

    stage: Stage
    version: str


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage of a job as it is shown."""

    stage: Stage
    status: StageStatus
    version: str
    #: Of `total`, in the stage's unit.
    done: int
    total: int | None
    checkpoints: int
    attempts: int
    #: At most so many of the unit were done a second time, after something had broken off.
    repeated: int
    #: Of work, pauses and waiting not counted.
    seconds: float
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def unit(self) -> str:
        """What `done` and `total` count: page, sentence or passage."""
        return UNITS[self.stage]

    @property
    def percent(self) -> int:
        """Done of total, rounded down."""
        if self.status is StageStatus.COMPLETED:
            return 100
        return self.done * 100 // self.total if self.total else 0


# ── what a stage may ask ───────────────────────────────────────────────────────────────────────


class StageRows(Protocol):
    """What earlier stages of the job have made, in order, a few hundred rows in memory at once."""

    def page_texts(self, *, after: int = 0) -> Iterator[PageText]:
        """Yield the pages above `after`."""

    def sentences(self, *, start: int = 0) -> Iterator[Sentence]:
        """Yield the sentences from this position on."""

    def passages(self, *, start: int = 0) -> Iterator[Passage]:
        """Yield the passages from this position on."""

    def embeddings(self, *, start: int = 0) -> Iterator[Embedding]:
        """Yield the embeddings from this position on."""

    def last_sentence(self) -> int | None:
        """Return the last sentence's position; None where there is none."""

    def last_passage(self) -> int | None:
        """Return the last passage's position; None where there is none."""


class Segmenter(Protocol):
    """Cuts a paragraph into sentences."""

    name: str

    def spans(self, text: str, language: str) -> list[tuple[int, int]]:
        """Return each sentence's first and last offset, without white space around it."""


class Normalizer(Protocol):
    """Puts sentences right that OCR has read badly: for those who learn a language by them."""

    name: str

    def normalize(self, sentences: Sequence[str], language: str) -> list[str]:
        """Return each as it should read. Raises TransientError, QuotaError, PermanentError."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Something named in a text."""

    kind: EntityKind
    start: int
    end: int
    value: str | None
    confidence: float


class EntityFinder(Protocol):
    """Finds names, dates and amounts."""

    name: str

    def find(self, texts: Sequence[str], language: str) -> list[list[Mention]]:
        """Return each text's mentions, in order, none within another. Raises as a normalizer."""


class Embedder(Protocol):
    """Says what texts are about."""

    name: str

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> list[Vector]:
        """Return a vector of length 1 for each. Raises as a normalizer."""


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """One bookmark of the PDF's own table of contents."""

    title: str
    #: From 1.
    level: int
    page: int
    #: How far below the page's upper edge it points, as a share of the page; None where it
    #: doesn't say.
    top: float | None = None


@dataclass(frozen=True, slots=True)
class StageLimits:
    """How stages are set."""

    #: Of a passage, as common.tokens counts them: at most, and shared with the one before.
    passage_tokens: int = 256
    overlap_tokens: int = 48
    #: Between two checkpoints.
    pages_at_once: int = 50
    passages_at_once: int = 100


@dataclass(frozen=True, slots=True)
class StageInputs:
    """What a stage works with. Engines are made when they are first called."""

    work: StageWork
    rows: StageRows
    #: The merged result's pages in order, those above a number; one in memory at a time.
    result_pages: Callable[[int], Iterator[Page]]
    segmenter: Callable[[], Segmenter]
    entities: Callable[[], EntityFinder]
    embedder: Callable[[], Embedder]
    #: None where no model is to put sentences right.
    normalizer: Callable[[], Normalizer] | None
    #: The PDF's bookmarks; none where it has none, or is not kept any more.
    outline: Callable[[], Sequence[OutlineEntry]]
    limits: StageLimits = field(default_factory=StageLimits)


StageFunction = Callable[[StageInputs, Cursor], Iterable[Step]]


@dataclass(frozen=True, slots=True)
class StageOf:
    """One line of the list of stages."""

    stage: Stage
    function: StageFunction
    #: Raised whenever it would make other rows of the same document.
    version: int
    #: What it builds on, directly.
    needs: tuple[Stage, ...] = ()
    #: The engine by whose name its rows differ: an attribute of StageInputs.
    engine: str | None = None


# ── which stages are gone through ──────────────────────────────────────────────────────────────


def with_needs(
    wanted: Iterable[Stage], needs: Callable[[Stage], Sequence[Stage]]
) -> tuple[Stage, ...]:
    """Return these stages and all that they build on, in order."""
    found: set[Stage] = set()
    waiting = list(wanted)
    while waiting:
        stage = waiting.pop()
        if stage not in found:
            found.add(stage)
            waiting.extend(needs(stage))
    return tuple(stage for stage in AFTER_OCR if stage in found)


@dataclass(frozen=True, slots=True)
class StageRef:
    """What a message about a stage carries, and where in the broker's queue it goes."""

    job_id: JobId
    stage: Stage
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True)
class Passed:
    """What follows a stage that has ended."""

    #: The next one's message; None where the job has ended, or stands still.
    next: StageRef | None
    has_ended: bool = False


class Stages(Protocol):
    """The database as a stage sees it. Each method is one transaction."""

    def claim(self, job_id: JobId, stage: Stage, *, interval: int) -> StageWork | None:
        """Take the right to go on; None where it is done, taken, paused or not due.

        `interval` is how much of the stage's unit may lie between two checkpoints.
        """

    def rows_of(self, work: StageWork) -> StageRows:
        """Return what earlier stages have made."""

    def renew(self, work: StageWork) -> bool:
        """Extend the lease; False when it is lost."""

    def record(self, work: StageWork, step: Step, *, seconds: float) -> bool:
        """Write a checkpoint; False where the job is paused, and the lease is given up.

        `seconds` is what it took. Raises LeaseLost where the stage is another's, or cancelled.
        """

    def leave(self, work: StageWork, *, counted: bool = False) -> StageRef | None:
        """Give up the lease at a checkpoint; return the message for who goes on.

        `counted` where it ended by an error that may be the document's fault. None where it was
        lost or is paused.
        """

    def put_back(self, work: StageWork, delay: timedelta, *, counted: bool, most: int) -> bool:
        """Have it tried later; False where that was the last of so many tries without a checkpoint.

        Then it is still held. Raises LeaseLost.
        """

    def finish(self, work: StageWork, *, seconds: float) -> Passed:
        """End the stage, and the job where it was the last. Raises LeaseLost."""

    def fail(self, work: StageWork, dependents: Sequence[Stage], code: str, message: str) -> Passed:
        """End the stage and what builds on it without their rows. Raises LeaseLost."""


@dataclass(frozen=True, slots=True)
class Extension:
    """What became of a wish for further stages."""

    #: Stages that are gone through now, again or for the first time; empty where all are there.
    stages: tuple[Stage, ...]
    first: StageRef | None


class StagePlans(Protocol):
    """The database as it is told which stages a finished job is to go through."""

    def extend(
        self,
        job_id: JobId,
        caller: Caller,
        wanted: Sequence[PlannedStage],
        dependents: Callable[[Stage], Sequence[Stage]],
    ) -> Extension | None:
        """Have the stages made that are not there, or by another version; None where it can't be.

        `dependents` says what builds on a stage, directly or not: it is made again with it where it
        was made or is wanted. In one transaction.
        """
