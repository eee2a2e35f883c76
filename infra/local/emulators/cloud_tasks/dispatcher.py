"""Sends one queue's tasks when they are due, within the queue's limits."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from datetime import datetime, timedelta

from google.cloud.tasks_v2 import types
from google.rpc import status_pb2

from infra.local.emulators.cloud_tasks.clock import Clock
from infra.local.emulators.cloud_tasks.delivery import Answer, Delivery
from infra.local.emulators.cloud_tasks.limits import complete_retries
from infra.local.emulators.cloud_tasks.rates import TokenBucket
from infra.local.emulators.cloud_tasks.retries import next_attempt
from infra.local.emulators.cloud_tasks.store import Record, TaskStore

log = logging.getLogger(__name__)


class Dispatcher:
    """One queue's loop. `run()` lasts until it is cancelled or something unforeseen happens."""

    def __init__(
        self,
        queue: types.Queue,
        *,
        store: TaskStore,
        delivery: Delivery,
        clock: Clock,
        name_retention: timedelta,
    ) -> None:
        self._queue = queue
        self._store = store
        self._delivery = delivery
        self._clock = clock
        self._name_retention = name_retention
        limits = queue.rate_limits
        self._tokens = TokenBucket(
            limits.max_dispatches_per_second, limits.max_burst_size, clock.now()
        )
        self._forced: deque[Record] = deque()
        self._on_their_way = 0
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Have the queue looked at: a task was added or changed."""
        self._awake.set()

    def change(self, queue: types.Queue) -> None:
        """Go by new settings from now on."""
        limits = queue.rate_limits
        self._tokens.resize(
            limits.max_dispatches_per_second, limits.max_burst_size, self._clock.now()
        )
        self._queue = queue
        self.wake()

    def force(self, record: Record) -> Record:
        """Send a task at once, whatever the limits, the schedule or a pause say."""
        begun = self._store.begin(record, self._clock.now())
        self._forced.append(begun)
        self.wake()
        return begun

    async def run(self) -> None:
        """Dispatch until cancelled."""
        async with asyncio.TaskGroup() as attempts:
            while True:
                self._awake.clear()
                look_again = self._start_due(attempts)
                alarm = attempts.create_task(self._wake_at(look_again)) if look_again else None
                await self._awake.wait()
                if alarm is not None:
                    alarm.cancel()

    async def _wake_at(self, instant: datetime) -> None:
        await self._clock.wait_until(instant)
        self._awake.set()

    def _start_due(self, attempts: asyncio.TaskGroup) -> datetime | None:
        """Start what may start now; return when there will be more, None if only events tell."""
        while self._forced:
            self._start(attempts, self._forced.popleft())
        if self._queue.state != types.Queue.State.RUNNING:
            return None
        while self._on_their_way < self._queue.rate_limits.max_concurrent_dispatches:
            record = self._store.next_waiting(self._queue.name)
            if record is None:
                return None
            now = self._clock.now()
            if record.task.schedule_time > now:
                due: datetime = record.task.schedule_time
                return due
            if not self._tokens.take(now):
                return self._tokens.next_token_at(now)
            self._start(attempts, self._store.begin(record, now))
        return None

    def _start(self, attempts: asyncio.TaskGroup, record: Record) -> None:
        self._on_their_way += 1
        attempts.create_task(self._attempt(record))

    async def _attempt(self, begun: Record) -> None:
        answer = await self._delivery.send(begun)
        self._on_their_way -= 1
        # Read again: the task may have been deleted, or forced to run a second time, meanwhile.
        record = self._store.current(begun)
        if record is not None:
            self._settle(begun, record, answer)
        self.wake()

    def _settle(self, begun: Record, record: Record, answer: Answer) -> None:
        now = self._clock.now()
        until = now + self._name_retention
        if answer.succeeded:
            self._store.end(record, reserved_until=until)
            return
        task = record.task
        task.last_attempt = begun.task.last_attempt
        task.last_attempt.response_status = status_pb2.Status(
            code=answer.code, message=answer.message
        )
        if answer.status is not None:
            task.response_count += 1
            task.last_attempt.response_time = now
        config = self._queue.retry_config
        if "retry_config" in task:
            config = complete_retries(task.retry_config, config)
        again = next_attempt(config, task, failed_at=now, wait_at_least=answer.wait_at_least)
        names = {"queue": record.queue, "task": record.id, "answer": answer.message}
        if again is None:
            log.error("task failed for good", extra=names)
            self._store.end(record, reserved_until=until)
            return
        log.warning("task attempt failed", extra=names)
        task.schedule_time = again
        # 5xx answers are not executions: the receiver did not get to its work.
        executed = answer.status is not None and answer.status < 500
        self._store.put_off(
            record,
            executions=record.executions + executed,
            previous_response=answer.status,
        )
