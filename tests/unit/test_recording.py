"""What was read is recorded whatever goes wrong with what was recorded before it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from types import FrameType, SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from common.errors import NotFound, QuireError, TransientError
from common.models import JobId
from common.small_documents import Recorded
from functions.pipeline.recording import Recording
from tests.e2e.quire_client import wait_for


class Small:
    """Records all, but for the first ones where told so."""

    def __init__(self) -> None:
        self.recorded: list[JobId] = []
        self.failing = 0
        #: What happens while the first ones are recorded.
        self.at_first: Callable[[], None] | None = None

    def record(self, documents: list[JobId]) -> Recorded:
        at_first, self.at_first = self.at_first, None
        if at_first is not None:
            at_first()
        if self.failing:
            self.failing -= 1
            raise ZeroDivisionError
        self.recorded += documents
        return Recorded(frozenset(documents), ())


class Quiet:
    """Nobody watches."""

    def publish_all(self, changed: Iterator[JobId]) -> None:
        list(changed)


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def read(recording: Recording, stored: Callable[[], None] = lambda: None) -> JobId:
    """Add a document that was read, and is stored once `stored` returns."""
    job_id = JobId(uuid4())
    recording.held[job_id] = SimpleNamespace()  # type: ignore[assignment]
    storing: Any = SimpleNamespace(
        work=SimpleNamespace(job_id=job_id, attempt=1),
        log_fields={},
        begun=job_id,
        wait=stored,
        as_read=lambda: job_id,
    )
    recording.add(storing)
    return job_id


def recording_of(small: Any, pool: Executor, *, every: float, put_back: Any = None) -> Recording:
    unused: Any = None
    return Recording(
        small=small,
        chunks=unused,
        tasks=unused,
        live=Quiet(),  # type: ignore[arg-type]
        announce=unused,
        put_back=put_back,
        held={},
        pool=pool,
        every=every,
    )


def test_the_last_are_recorded_where_those_before_them_were_not(pool: Executor) -> None:
    small = Small()
    small.failing = 1
    recording = recording_of(small, pool, every=0.0)
    lost = read(recording)
    recording.go_on()
    last = read(recording)
    with pytest.raises(ZeroDivisionError):
        recording.finish()
    assert small.recorded == [last]
    # Its lease runs out, and it is read again; nobody has to wait for the other's.
    assert set(recording.held) == {lost}


@pytest.fixture
def told_to_end() -> Iterator[Callable[[], None]]:
    """Raises SystemExit in the main thread, wherever that is, as a worker that is to end does."""

    def end(*_: object) -> None:
        raise SystemExit

    main = threading.main_thread().ident
    assert main is not None
    before = signal.signal(signal.SIGUSR1, end)
    yield lambda: signal.pthread_kill(main, signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def wait_of_main_thread() -> FrameType | None:
    """Return the call in which the main thread waits for a recording; None where it does not."""
    main = threading.main_thread().ident
    assert main is not None
    frame: FrameType | None = sys._current_frames()[main]
    while frame is not None and frame.f_code is not Recording._wait.__code__:
        frame = frame.f_back
    return frame


@pytest.mark.parametrize("ends_well", [True, False], ids=["recorded", "failed"])
@pytest.mark.parametrize("at_the_end", [True, False], ids=["at the end", "on the way"])
def test_who_is_told_to_end_while_waiting_records_the_rest_behind_what_is_under_way(
    pool: Executor,
    told_to_end: Callable[[], None],
    caplog: pytest.LogCaptureFixture,
    at_the_end: bool,
    ends_well: bool,
) -> None:
    small = Small()
    small.failing = 0 if ends_well else 1

    def until_waited_for_again() -> None:
        wait_for(wait_of_main_thread, "the first wait", 20)
        first = wait_of_main_thread()
        told_to_end()

        def is_seen() -> bool:
            return bool(small.recorded) or wait_of_main_thread() not in (None, first)

        wait_for(is_seen, "the second wait", 20)

    small.at_first = until_waited_for_again
    recording = recording_of(small, pool, every=0.0)
    under_way = read(recording)
    recording.go_on()
    last = read(recording)
    waits = recording.finish if at_the_end else recording.go_on
    with pytest.raises(SystemExit):
        waits()
    # What went wrong with the one under way is raised where nothing else is on its way.
    with pytest.raises(ZeroDivisionError) if not (ends_well or at_the_end) else nullcontext():
        recording.finish()
    told = [record.exc_info for record in caplog.records if record.exc_info]
    assert [info[0] for info in told] == [ZeroDivisionError] * (at_the_end and not ends_well)
    assert small.recorded == ([under_way, last] if ends_well else [last])


def test_nothing_is_recorded_before_its_time(pool: Executor) -> None:
    small = Small()
    recording = recording_of(small, pool, every=1000.0)
    jobs = [read(recording) for _ in range(3)]
    recording.go_on()
    assert small.recorded == []
    recording.finish()
    assert small.recorded == jobs
    recording.finish()
    assert small.recorded == jobs


def raising(error: Exception) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


def test_the_first_unknown_error_is_raised_once_all_others_are_recorded(
    pool: Executor, caplog: pytest.LogCaptureFixture
) -> None:
    small = Small()
    put_back: list[object] = []

    def fail_at_first(begun: object, error: QuireError) -> None:
        put_back.append(begun)
        if len(put_back) == 1:
            raise ZeroDivisionError

    recording = recording_of(small, pool, every=1000.0, put_back=fail_at_first)
    away = [
        read(recording, raising(TransientError("The store is away."))),
        read(recording, raising(NotFound("There is no bucket."))),
    ]
    first = read(recording)
    lost = read(recording, raising(OSError("the second")))
    last = read(recording)
    with pytest.raises(ZeroDivisionError):
        recording.finish()
    assert put_back == away
    assert small.recorded == [first, last]
    # The others' leases run out, and all of them are told of.
    assert lost in recording.held
    told = [record.exc_info for record in caplog.records if record.levelname == "ERROR"]
    assert [info[0] for info in told if info] == [ZeroDivisionError, OSError]
