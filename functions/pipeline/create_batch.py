"""Make a batch of a manifest: resolve, check whole, record at once, and let it begin."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from common.batch_creation import BatchPlan, Entry, Wanted
from common.errors import InvalidRequest
from common.manifests import InvalidManifest, LineError
from functions.pipeline.resolve_manifest import ManifestResolver

log = logging.getLogger(__name__)


class Record(Protocol):
    """Writes the batch: all of it, or nothing."""

    def __call__(self, plan: BatchPlan, wanted: Sequence[Wanted]) -> None:
        """Do so in one transaction."""


def create_batch(
    plan: BatchPlan,
    entries: Sequence[Entry],
    errors: Sequence[LineError],
    *,
    resolver: ManifestResolver,
    record: Record,
    give_turns: Callable[[], object],
) -> None:
    """Resolve the lines, and make the batch if every one of them can be read.

    `errors` are of lines that made no sense by themselves: the others are looked up all the same,
    so that all that is wrong is said at once. Raises InvalidManifest, and nothing is written then.
    """
    wanted = resolver.resolved(entries)
    if wrong := [*errors, *resolver.errors]:
        raise InvalidManifest(wrong)
    if not wanted:
        raise InvalidRequest("The manifest names no documents.", status=422)
    record(plan, wanted)
    log.info("batch created", extra={"batch_id": str(plan.id), "documents": len(wanted)})
    # What can't be sent now is sent by maintain.
    give_turns()
