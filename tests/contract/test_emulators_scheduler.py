"""Cloud Scheduler's stand-in: a real target, time moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import httpx
import jwt
import pytest

from infra.local.emulators.oidc import OidcIssuer
from infra.local.emulators.scheduler import Scheduler, Unreachable
from tests.contract.tasks_fixtures import (
    LoopThread,
    ManualClock,
    Receiver,
    issuer,
    loop_thread,
    receiver,
    until,
)

__all__ = ["issuer", "loop_thread", "receiver"]

ACCOUNT = "scheduler@quire-test.iam.gserviceaccount.com"


class Running:
    """A scheduler on the loop thread, calling once a minute of a manual clock."""

    def __init__(self, url: str, issuer: OidcIssuer, loop: LoopThread) -> None:
        self.clock = ManualClock()
        self.loop = loop
        self.client = httpx.AsyncClient(trust_env=False)
        self.scheduler = Scheduler(
            url,
            every=timedelta(minutes=1),
            job="maintain",
            account=ACCOUNT,
            issuer=issuer,
            client=self.client,
            clock=self.clock,
        )
        self._task = loop.do(self._start())

    async def _start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.scheduler.run())

    def advance(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def stop(self) -> None:
        async def end() -> None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self.client.aclose()

        self.loop.do(end())


@pytest.fixture
def running(receiver: Receiver, issuer: OidcIssuer, loop_thread: LoopThread) -> Iterator[Running]:
    scheduler = Running(receiver.url("/maintain"), issuer, loop_thread)
    yield scheduler
    scheduler.stop()


def test_the_target_is_called_every_minute_as_cloud_scheduler_would(
    running: Running, receiver: Receiver, issuer: OidcIssuer
) -> None:
    running.advance(60)
    first = receiver.next()
    until(lambda: running.clock.has_waiters)
    running.advance(60)
    second = receiver.next()

    assert (first.method, first.path, first.body) == ("POST", "/maintain", b"")
    assert first.headers["user-agent"] == "Google-Cloud-Scheduler"
    assert first.headers["x-cloudscheduler"] == "true"
    assert first.headers["x-cloudscheduler-jobname"] == "maintain"
    assert first.headers["x-cloudscheduler-scheduletime"] == "2026-03-01T12:01:00Z"
    assert second.headers["x-cloudscheduler-scheduletime"] == "2026-03-01T12:02:00Z"
    [key] = jwt.PyJWKSet.from_dict(issuer.jwks()).keys
    token = first.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=receiver.url("/maintain"))
    assert claims["email"] == ACCOUNT


def test_a_slow_run_is_never_overlapped_and_what_it_missed_is_left_out(
    running: Running, receiver: Receiver
) -> None:
    receiver.hold()
    running.advance(60)
    receiver.next()
    running.advance(150)
    assert len(receiver.seen) == 1
    receiver.release()
    until(lambda: running.clock.has_waiters)
    running.advance(30)

    assert receiver.next().headers["x-cloudscheduler-scheduletime"] == "2026-03-01T12:04:00Z"
    assert len(receiver.seen) == 2


def test_a_call_by_hand_waits_for_the_one_under_way(running: Running, receiver: Receiver) -> None:
    receiver.hold()
    running.advance(60)
    receiver.next()
    by_hand = asyncio.run_coroutine_threadsafe(running.scheduler.fire(), running.loop.loop)
    meanwhile = asyncio.run_coroutine_threadsafe(
        running.client.get(receiver.url("/meanwhile")), running.loop.loop
    )
    assert receiver.next().path == "/meanwhile"
    receiver.answer(202)
    receiver.release()

    assert by_hand.result(60).status == 202
    assert meanwhile.result(60).status_code == 200
    assert [request.path for request in receiver.seen] == ["/maintain", "/meanwhile", "/maintain"]


def test_a_target_that_is_away_is_called_again_at_the_next_interval(
    issuer: OidcIssuer, loop_thread: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver().serving() as away:
        url = away.url()
    running = Running(url, issuer, loop_thread)
    with pytest.raises(Unreachable, match="ConnectError"):
        loop_thread.do(running.scheduler.fire())
    for count in (1, 2):
        running.advance(60)
        until(lambda: len(caplog.records) == count)  # noqa: B023
        until(lambda: running.clock.has_waiters)
    running.stop()

    assert {record.message for record in caplog.records} == {"scheduled call got no answer"}
