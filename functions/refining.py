"""What an application does behind the merge: the stages that a document goes through, and more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import PermanentError
from common.models import JobId, JobView
from functions.logged import logged
from functions.scratch import scratch_folder
from functions.wiring.engines import Engines

if TYPE_CHECKING:
    from common.access import Caller
    from common.lifecycle import Stage
    from common.models import MergeWork
    from common.results import Page
    from common.search import SearchAnswer, SearchRequest
    from common.stages import OutlineEntry, PlannedStage, StageInputs, StageOf, StageWork
    from functions.pipeline.process_chunk import RetryPolicy
    from functions.wiring.services import Services
    from infra.job_log import JobLogHandler

#: Sentences in a passage, at most, for what lies between two checkpoints that are passages apart.
_SENTENCES_IN_A_PASSAGE = 64


class Refining(Engines):
    """Stages after OCR."""

    job_log: JobLogHandler

    @logged
    def run_stage(self, job_id: JobId, stage: Stage) -> None:
        """Go on with one stage of a job."""
        from common.stages import UNITS
        from functions.pipeline.run_stage import run_stage
        from functions.pipeline.stages.listed import BY_NAME, dependents

        settings = self.settings.stages
        of = BY_NAME[stage]
        with scratch_folder("stage") as folder:
            run_stage(
                job_id,
                of,
                stages=self.stages,
                inputs=partial(self._inputs, folder),
                dependents=dependents,
                dispatch=self.dispatch,
                announce=self.announce,
                live=self.live,
                retries=self.retry_policy(),
                interval={
                    "page": settings.pages_at_once,
                    "passage": settings.passages_at_once,
                    "sentence": settings.passages_at_once * _SENTENCES_IN_A_PASSAGE,
                }[UNITS[stage]],
                lease=timedelta(seconds=settings.lease_seconds),
                slice_seconds=settings.slice_seconds,
            )

    def plan_stages(self, stages: tuple[Stage, ...] | None) -> list[PlannedStage]:
        """Return what a job goes through that asks for these, or for what is the default."""
        from common.stages import PlannedStage, with_needs
        from functions.pipeline.stages.listed import BY_NAME, needs

        wanted = self.settings.stages.by_default if stages is None else stages
        return [
            PlannedStage(stage, self._version(BY_NAME[stage]))
            for stage in with_needs(wanted, needs)
        ]

    def plan_after_merge(self, work: MergeWork) -> list[PlannedStage]:
        """Return what follows a merge."""
        return self.plan_stages(work.stages)

    @logged
    def extend_job(
        self, job_id: JobId, caller: Caller, wanted: tuple[Stage, ...]
    ) -> tuple[JobView, bool]:
        """Have a finished job go through further stages; return it, and whether there was any."""
        from functions.pipeline.extend_job import extend_job
        from functions.pipeline.stages.listed import dependents

        return extend_job(
            job_id,
            caller,
            self.plan_stages(wanted),
            plans=self.stages,
            jobs=self.jobs,
            dependents=dependents,
            dispatch=lambda: self.dispatch,
            live=self.live,
        )

    def search(self, request: SearchRequest, caller: Caller) -> SearchAnswer:
        """Answer a query."""
        from functions.pipeline.search_passages import search_passages

        return search_passages(
            request,
            caller,
            passages=self.passage_search,
            engine=lambda: self.engine_name("embedder"),
            embedder=lambda: self.embedder,
        )

    def _version(self, of: StageOf) -> str:
        names = [str(of.version)]
        if of.engine is not None:
            try:
                names.append(self.engine_name(of.engine))
            except PermanentError:
                # Not here, where it is only named. Where it is not with the workers either, the
                # stage ends there with the reason, and what was read is delivered.
                names.append("unknown")
        return ":".join(names)

    def _inputs(self, folder: Path, work: StageWork) -> StageInputs:
        from common.stages import StageInputs, StageLimits

        settings = self.settings.stages
        return StageInputs(
            work=work,
            rows=self.stages.rows_of(work),
            result_pages=_StoredResult(self, work, folder / "result.json").pages,
            segmenter=lambda: self.segmenter,
            entities=lambda: self.entity_finder,
            embedder=lambda: self.embedder,
            normalizer=(lambda: self.normalizer) if self.normalizes else None,
            outline=lambda: self._outline(work, folder),
            limits=StageLimits(
                passage_tokens=settings.passage_tokens,
                overlap_tokens=settings.overlap_tokens,
                pages_at_once=settings.pages_at_once,
                passages_at_once=settings.passages_at_once,
            ),
        )

    def _outline(self, work: StageWork, folder: Path) -> Sequence[OutlineEntry]:
        from functions.pipeline.read_outline import read_outline

        return read_outline(work.source, folder, uploads=self.uploads, reader=self.bookmarks)

    def retry_policy(self) -> RetryPolicy:
        """Return what is done about errors that may pass."""
        from functions.pipeline.process_chunk import RetryPolicy

        retries = self.settings.retries
        return RetryPolicy(
            max_tries=retries.max_tries,
            max_lost_leases=retries.max_lost_leases,
            base=timedelta(seconds=retries.base_seconds),
            longest=timedelta(seconds=retries.max_seconds),
        )

    def announce(self, job_id: JobId) -> None:
        """Have the owner's server told, if the job has ended. For whatever may have ended it."""
        from functions.pipeline.announce import announce

        announce(job_id, webhooks=self.webhooks, tasks=lambda: self.tasks)


class _StoredResult:
    """A merged result, fetched when its pages are first asked for, and verified."""

    def __init__(self, app: Services, work: StageWork, path: Path) -> None:
        self._app, self._work, self._path = app, work, path

    def pages(self, after: int) -> Iterator[Page]:
        """Yield the pages above a number; one in memory at a time."""
        from common.bound_pages import read_pages

        with self._file.open("rb") as lines:
            yield from read_pages(lines, after=after)

    @cached_property
    def _file(self) -> Path:
        from common.errors import NotFound

        try:
            self._app.results.download_result(self._work.result_path, self._path)
        except NotFound as error:
            raise PermanentError(
                "The stored result is gone. Have the document read again.", code="RESULT_DAMAGED"
            ) from error
        with self._path.open("rb") as content:
            checksum = hashlib.file_digest(content, "sha256").hexdigest()
        if checksum != self._work.result_checksum:
            raise PermanentError(
                "The stored result is not what was written. Have the document read again.",
                code="RESULT_DAMAGED",
            )
        return self._path
