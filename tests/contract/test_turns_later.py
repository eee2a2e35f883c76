"""Turns that can't be given now are given later: what was done before them is done."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from common.access import Caller
from common.errors import TransientError
from common.models import Priority
from functions.bootstrap import Application
from infra.local.stack import Stack
from tests.environment import LEAST, settings_for
from tests.world import World


@pytest.fixture
def application(servers: Stack, database_url: str) -> Iterator[Application]:
    """A process that waits for no lock longer than a moment."""
    told = {
        "DATABASE__URL": f"{database_url}?options=-c%20lock_timeout%3D100",
        "REDIS_URL": servers.environment["REDIS_URL"],
    }
    application = Application(settings_for(servers, **{**LEAST, **told}))
    yield application
    application._pool.close()


@pytest.fixture
def busy_turns(world: World, database_url: str) -> Iterator[None]:
    """Somebody else gives out turns, and takes long over it."""
    with psycopg.connect(database_url) as other:
        other.execute("SELECT FROM turns FOR UPDATE")
        yield


@pytest.mark.usefixtures("busy_turns")
def test_a_batch_is_steered_though_no_turns_can_be_given(
    world: World, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    batch_id, _ = world.add_batch(3)
    batch = application.prioritize_batch(batch_id, Caller("alice"), Priority.HIGH)
    assert batch.priority is Priority.HIGH
    [warning] = [each for each in caplog.records if "waits for maintain" in each.message]
    assert warning.__dict__["code"] == "DATABASE_UNAVAILABLE"


@pytest.mark.usefixtures("busy_turns")
def test_maintain_is_told_that_it_gave_none(world: World, application: Application) -> None:
    world.add_batch(3)
    with pytest.raises(ExceptionGroup) as failure:
        application.maintain()
    codes = [each.code for each in failure.value.exceptions if isinstance(each, TransientError)]
    assert "DATABASE_UNAVAILABLE" in codes
