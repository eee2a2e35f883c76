"""From rows that wait to the number at Cloud Run, as maintain does it every minute."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from common.errors import MisconfiguredError, TransientError
from common.lifecycle import Stage
from functions.bootstrap import Application
from functions.pipeline.clean_up import CleanUpReport
from functions.pipeline.maintain import maintain
from infra.local.stack import Stack
from tests.contract.stage_fixtures import Desk
from tests.contract.test_pipeline_failures import Away, Outbox
from tests.contract.worker_pool_fixtures import POOL, CloudRun, cloud_run
from tests.environment import settings_for
from tests.world import World

__all__ = ["cloud_run"]


@pytest.fixture
def application(servers: Stack, database_url: str, cloud_run: CloudRun) -> Iterator[Application]:
    """What maintain runs with: these settings, this database, this Cloud Run."""
    settings = settings_for(
        servers,
        DATABASE__URL=database_url,
        REDIS_URL="redis://127.0.0.1:1",
        SUPABASE__URL="http://127.0.0.1:1",
        SUPABASE__SERVICE_KEY="key",
        DOCUMENT_AI__PROCESSOR="projects/p/locations/eu/processors/1",
        TASKS__QUEUE="projects/p/locations/l/queues/q",
        TASKS__MERGE_URL="http://127.0.0.1:1",
        TASKS__INGEST_URL="http://127.0.0.1:1",
        TASKS__WEBHOOK_URL="http://127.0.0.1:1",
        WEBHOOKS__SIGNING_KEY="k" * 32,
        WORKERS__POOL=POOL,
        WORKERS__ENDPOINT=cloud_run.address,
        WORKERS__INSECURE="true",
        WORKERS__MAX="20",
        MAX_WORKERS="4",
    )
    application = Application(settings)
    yield application
    application.worker_pool.close()
    application.jobs._pool.close()


def test_a_backlog_is_given_workers_and_they_go_when_it_is_done(
    application: Application, cloud_run: CloudRun, world: World
) -> None:
    _, chunk_ids = world.add_job(60, pages=25)
    assert application.scale_workers() == 3  # 1,500 pages at 1 s, by 4 at once, in 150 s
    assert cloud_run.changes == [3]
    for chunk_id in chunk_ids:
        world.finish_chunk(chunk_id)
    # Not before it has been idle for a while.
    assert application.scale_workers() == 3
    world.age("worker_scaling", "at", timedelta(seconds=30), pool=POOL)
    assert application.scale_workers() == 3
    world.age("worker_scaling", "at", timedelta(minutes=2), pool=POOL)
    assert application.scale_workers() == 1
    assert cloud_run.changes == [3, 1]


def test_a_stage_that_waits_is_given_a_worker_where_there_is_none(
    application: Application, cloud_run: CloudRun, world: World
) -> None:
    workers = application.settings.workers.model_copy(update={"min": 0})
    without_any = Application(application.settings.model_copy(update={"workers": workers}))
    cloud_run.scaling = {"manualInstanceCount": 0}
    unused: Any = None
    try:
        assert without_any.scale_workers() == 0
        desk = Desk(world, [], unused)
        job_id = desk.merged(1, wanted=(Stage.TEXT,))
        assert without_any.scale_workers() == 1
        # And it stays while the stage is being made.
        assert desk.stages.claim(job_id, Stage.TEXT, interval=50) is not None
        world.age("worker_scaling", "at", timedelta(hours=2))
        assert without_any.scale_workers() == 1
        assert cloud_run.changes == [1]
    finally:
        without_any.worker_pool.close()
        without_any.jobs._pool.close()


def test_what_stays_as_it_is_is_not_asked_for_again(
    application: Application, cloud_run: CloudRun
) -> None:
    assert [application.scale_workers() for _ in range(3)] == [1, 1, 1]
    assert cloud_run.changes == []


def test_a_change_is_told_in_the_log_and_kept(
    application: Application, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add_job(60, pages=25)
    with caplog.at_level(logging.INFO):
        application.scale_workers()
        application.scale_workers()
    [told] = [each for each in caplog.records if "number of workers" in each.message]
    assert (vars(told)["workers_before"], vars(told)["workers_wanted"]) == (1, 3)
    kept = world.one("SELECT current, wanted FROM worker_scaling WHERE wanted <> current")
    assert kept == {"current": 1, "wanted": 3}


def test_a_number_that_was_not_taken_is_asked_for_by_the_next_run(
    application: Application, cloud_run: CloudRun, world: World
) -> None:
    world.add_job(60, pages=25)
    cloud_run.deploying = True
    with pytest.raises(TransientError):
        application.scale_workers()
    assert cloud_run.scaling == {"manualInstanceCount": 1}
    cloud_run.deploying = False
    assert application.scale_workers() == 3
    assert cloud_run.scaling == {"manualInstanceCount": 3}


def test_where_no_pool_is_named_nothing_is_asked_and_nothing_kept(
    application: Application, world: World
) -> None:
    settings = application.settings.model_copy(
        update={"workers": application.settings.workers.model_copy(update={"pool": ""})}
    )
    assert Application(settings).scale_workers() is None
    assert world.one("SELECT count(*) FROM worker_scaling") == {"count": 0}


@pytest.mark.parametrize("status", [403, 404, 409, 503])
def test_what_stopped_is_sent_again_although_the_workers_can_not_be_scaled(
    application: Application, cloud_run: CloudRun, world: World, status: int
) -> None:
    job_id, chunk_ids = world.add_job(2)
    world.age("chunks", "dispatched_at", timedelta(hours=1), job_id=job_id)
    world.age("jobs", "heartbeat_at", timedelta(hours=1), id=job_id)
    cloud_run.refusals = [status]
    outbox, cleaned, told = Outbox(), list[bool](), list[bool]()

    def clean_up() -> CleanUpReport:
        cleaned.append(True)
        return CleanUpReport()

    def tell() -> int:
        told.append(True)
        return 0

    with pytest.raises(ExceptionGroup) as caught:
        maintain(
            upkeep=world.upkeep,
            uploads=Away(TransientError("away")),
            dispatch=outbox,
            tasks=outbox,
            give_turns=outbox.give_turns,
            scale_workers=application.scale_workers,
            resend_webhooks=tell,
            clean_up=clean_up,
        )
    [error] = caught.value.exceptions
    assert isinstance(error, MisconfiguredError if status in {403, 404} else TransientError)
    assert {chunk.id for chunk in outbox.chunks} == set(chunk_ids)
    assert (cleaned, told) == ([True], [True])


def test_the_report_says_how_many_are_wanted(application: Application, world: World) -> None:
    world.add_job(60, pages=25)
    outbox = Outbox()
    report = maintain(
        upkeep=world.upkeep,
        uploads=Away(TransientError("away")),
        dispatch=outbox,
        tasks=outbox,
        give_turns=outbox.give_turns,
        scale_workers=application.scale_workers,
        resend_webhooks=lambda: 0,
        clean_up=CleanUpReport,
    )
    assert report.workers_wanted == 3
