"""What an application does at its callers' word: jobs and batches begun, steered, read again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from common.models import JobId, JobView, Priority
from functions.logged import logged
from functions.refining import Refining

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from common.access import Caller
    from common.batch_creation import BatchPlan, Entry
    from common.batches import BatchAction, BatchView
    from common.controls import Action
    from common.locations import Territory
    from common.manifests import LineError
    from common.recovery import Strategy
    from infra.database.idempotency import RequestKey


class Steering(Refining):
    """Jobs and batches under their owners' hands, and the turns that follow from it."""

    def give_turns(self, *, something_new: bool = False) -> None:
        """Send what may start now. After whatever makes room in the broker, or work for it.

        What came before is done and recorded: where the database is away now, maintain gives the
        turns, within a minute.
        """
        from functions.pipeline.hand_on import or_maintain_sends

        with or_maintain_sends():
            self.give_turns_now(something_new=something_new)

    def give_turns_now(self, *, something_new: bool = False) -> None:
        """Send what may start. TransientError where the database does not answer."""
        from functions.pipeline.give_turns import give_turns
        from infra.database.outages import translated

        with translated():
            give_turns(
                turns=self.turns,
                dispatch=lambda: self.dispatch,
                tasks=lambda: self.tasks,
                something_new=something_new,
            )

    @logged
    def control_job(
        self, action: Action, job_id: JobId, caller: Caller, *, password: str | None = None
    ) -> JobView:
        """Pause, resume, cancel or retry a job, and return it as it is then."""
        from common.controls import Action
        from functions.pipeline.control_job import control_job

        job = control_job(
            action,
            job_id,
            caller,
            password=password,
            jobs=self.jobs,
            controls=self.controls,
            dispatch=lambda: self.dispatch,
            tasks=lambda: self.tasks,
            give_turns=self.give_turns,
            live=self.live,
        )
        if action is Action.CANCEL:
            self.announce(job_id)
        return job

    def prioritize_job(self, job_id: JobId, caller: Caller, priority: Priority) -> JobView:
        """Give a job another priority, and return it as it is then."""
        from functions.pipeline.control_job import prioritize_job

        return prioritize_job(
            job_id,
            caller,
            priority,
            jobs=self.jobs,
            controls=self.controls,
            give_turns=self.give_turns,
            live=self.live,
        )

    def create_batch(
        self,
        plan: BatchPlan,
        entries: Sequence[Entry],
        errors: Sequence[LineError],
        *,
        territory: Territory,
        request: RequestKey | None,
    ) -> None:
        """Make a batch of a manifest's lines, and let it begin."""
        from functions.pipeline.create_batch import create_batch
        from functions.pipeline.resolve_manifest import ManifestLimits, ManifestResolver

        create_batch(
            plan,
            entries,
            errors,
            resolver=ManifestResolver(
                plan.caller,
                plan.matter,
                territory,
                ManifestLimits(
                    documents=self.settings.batches.max_documents,
                    document_bytes=self.settings.storage.max_document_bytes,
                ),
                self.batch_creation,
                self.objects,
            ),
            record=partial(
                self.batch_creation.create,
                request=request,
                request_age=self.request_keys.age,
            ),
            give_turns=partial(self.give_turns, something_new=True),
        )

    @logged
    def control_batch(self, action: BatchAction, batch_id: UUID, caller: Caller) -> BatchView:
        """Pause, resume or cancel a batch, and return it as it is then."""
        from functions.pipeline.announce import announce_batch
        from functions.pipeline.control_batch import control_batch

        return control_batch(
            action,
            batch_id,
            caller,
            batches=self.batches,
            controls=self.batch_controls,
            dispatch=lambda: self.dispatch,
            tasks=lambda: self.tasks,
            give_turns=partial(self.give_turns, something_new=True),
            announce=lambda: announce_batch(
                batch_id, webhooks=self.webhooks, tasks=lambda: self.tasks
            ),
            tell=lambda: self.live.publish(batch_id),
        )

    def prioritize_batch(self, batch_id: UUID, caller: Caller, priority: Priority) -> BatchView:
        """Give what a batch has not ended another priority, and return it as it is then."""
        from functions.pipeline.control_batch import prioritize_batch

        return prioritize_batch(
            batch_id,
            caller,
            priority,
            batches=self.batches,
            controls=self.batch_controls,
            give_turns=partial(self.give_turns, something_new=True),
            tell=lambda: self.live.publish(batch_id),
        )

    @logged
    def recover_batch(
        self,
        batch_id: UUID,
        caller: Caller,
        *,
        strategy: Strategy,
        priority: Priority | None = None,
        request: RequestKey | None = None,
    ) -> UUID:
        """Have read again what failed in a batch; return the recovery's id."""
        from functions.pipeline.recover_batch import recover_batch

        return recover_batch(
            batch_id,
            record=partial(
                self.recoveries.recover,
                batch_id,
                caller,
                strategy=strategy,
                priority=priority,
                request=request,
                request_age=self.request_keys.age,
            ),
            give_turns=partial(self.give_turns, something_new=True),
            tasks=lambda: self.tasks,
            tell=self.live.publish,
        )

    @logged
    def warm_batch(
        self,
        batch_id: UUID,
        caller: Caller,
        *,
        priority: Priority,
        request: RequestKey | None = None,
    ) -> UUID:
        """Have a batch's documents read into the cache; return the warm batch's id."""
        from functions.pipeline.warm_batch import warm_batch

        return warm_batch(
            batch_id,
            record=partial(
                self.warming.warm,
                batch_id,
                caller,
                priority=priority,
                request=request,
                request_age=self.request_keys.age,
            ),
            give_turns=partial(self.give_turns, something_new=True),
            has_cache=self.settings.cache.enabled,
        )
