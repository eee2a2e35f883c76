"""Remove what ended jobs leave behind: claim, remove, record, a few jobs at a time."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeAlias

from common.cleaning import Remains
from common.errors import TransientError
from common.ports import Cleanup, RemovableResults, RemovableUploads

log = logging.getLogger(__name__)

#: Where something is removed, and what does it: it returns how many things it has removed.
_Step: TypeAlias = "tuple[str, Callable[[], int]]"


@dataclass(frozen=True, slots=True)
class CleanUpReport:
    """What one run removed."""

    jobs_cleaned: int = 0
    objects_removed: int = 0
    rows_removed: int = 0


def clean_up(
    *,
    cleanup: Cleanup,
    uploads: Callable[[], RemovableUploads],
    results: Callable[[], RemovableResults],
    budget: timedelta,
) -> CleanUpReport:
    """Clean up after ended jobs until `budget` is spent. Safe to run at any time, also twice.

    Objects are found by listing, so what a worker wrote that was given up goes too. A storage
    that is away keeps only its own objects; a job is done once nothing of it went wrong, and is
    taken up again otherwise. All that went wrong is raised together at the end. The storages are
    built when there is something to remove.
    """
    end = time.monotonic() + budget.total_seconds()
    run = _Run(cleanup, uploads, results)
    rows = cleanup.forget()
    while not run.wrong and time.monotonic() < end and (batch := cleanup.claim()):
        for remains in batch:
            run.clean(remains)
    while time.monotonic() < end and run.remove_outdated():
        pass
    if run.wrong:
        raise ExceptionGroup("Not everything could be cleaned up.", run.wrong)
    return CleanUpReport(
        jobs_cleaned=run.jobs,
        objects_removed=run.removed["uploads"] + run.removed["results"],
        rows_removed=run.removed["rows"] + rows,
    )


class _Run:
    """One run: what it has removed and where, what went wrong, and which storage is away."""

    def __init__(
        self,
        cleanup: Cleanup,
        uploads: Callable[[], RemovableUploads],
        results: Callable[[], RemovableResults],
    ) -> None:
        self._cleanup = cleanup
        self._uploads = uploads
        self._results = results
        self._away: set[str] = set()
        self.jobs = 0
        self.removed: Counter[str] = Counter()
        self.wrong: list[Exception] = []

    def clean(self, remains: Remains) -> None:
        """Remove what may go of one job, and record it where all of it has gone."""
        before = self.removed.copy()
        # Every step is tried, whatever became of the others.
        undone = [step for step in self._steps(remains) if not self._is_done(*step)]
        if undone:
            return
        self._cleanup.finish(remains)
        self.jobs += 1
        log.info(
            "what a job left was removed",
            extra={
                "job_id": str(remains.job_id),
                "removed": dict(self.removed - before),
                "is_over": remains.is_over,
            },
        )

    def remove_outdated(self) -> bool:
        """Remove some results that the cache has let go; whether there may be more."""
        paths = self._cleanup.outdated_results()
        if not paths or not self._is_done("results", lambda: self._results().remove_named(paths)):
            return False
        self._cleanup.forget_results(paths)
        return True

    def _steps(self, remains: Remains) -> Iterator[_Step]:
        yield "uploads", lambda: self._uploads().remove_chunks(remains.job_id)
        if remains.lets_source_go and not self._cleanup.needs_source(remains):
            yield "uploads", lambda: self._uploads().remove_upload(remains.source)
        if remains.lets_results_go:
            document_id, run = remains.document_id, remains.run
            yield (
                "results",
                lambda: self._results().remove_chunks(
                    document_id, run=run, keep=self._cleanup.kept_results(remains)
                ),
            )
            yield (
                "results",
                lambda: self._results().remove_results(document_id, run=run, keep=remains.kept),
            )
        if remains.lets_rows_go:
            yield "rows", partial(self._cleanup.remove_rows, remains)

    def _is_done(self, where: str, remove: Callable[[], int]) -> bool:
        if where in self._away:
            return False
        try:
            self.removed[where] += remove()
        except Exception as error:  # noqa: BLE001 - raised at the end, after the others' turn
            if isinstance(error, TransientError):
                self._away.add(where)
            self.wrong.append(error)
            return False
        return True
