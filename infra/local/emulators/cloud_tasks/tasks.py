"""The tasks' calls: create, get, list, delete, run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from google.cloud.tasks_v2 import types
from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode

from infra.local.emulators.cloud_tasks import names
from infra.local.emulators.cloud_tasks.clock import Clock
from infra.local.emulators.cloud_tasks.limits import complete_retries
from infra.local.emulators.cloud_tasks.paging import check_page, page_after, token_of
from infra.local.emulators.cloud_tasks.queues import Queues
from infra.local.emulators.cloud_tasks.refusals import (
    NOT_FOUND,
    TASK_GONE,
    TASK_TOO_RECENT,
    Refused,
    invalid,
    not_found,
)
from infra.local.emulators.cloud_tasks.requests import stored_form
from infra.local.emulators.cloud_tasks.store import Record, TaskStore

MOST_TASKS_PER_PAGE = 1000


class Tasks:
    """Each method answers the call of its name, or raises Refused.

    `added` is told the queue of every new task; `forced` sends a task off at once.
    """

    def __init__(
        self,
        store: TaskStore,
        clock: Clock,
        queues: Queues,
        *,
        name_retention: timedelta,
        added: Callable[[str], None],
        forced: Callable[[Record], Record],
    ) -> None:
        self._store = store
        self._clock = clock
        self._queues = queues
        self._name_retention = name_retention
        self._added = added
        self._forced = forced

    def create(self, request: types.CreateTaskRequest) -> types.Task:
        """CreateTask: a named task is made once, also after it ended."""
        queue = self._queues.existing(request.parent)
        now = self._clock.now()
        task_id = self._free_id(request)
        if "retry_config" in request.task:
            complete_retries(request.task.retry_config, queue.retry_config)
        task = stored_form(request.task, f"{queue.name}/tasks/{task_id}", now)
        self._store.add(queue.name, task_id, task)
        self._added(queue.name)
        return _seen(task, request.response_view)

    def get(self, request: types.GetTaskRequest) -> types.Task:
        """GetTask."""
        return _seen(self._existing(request.name).task, request.response_view)

    def list(self, request: types.ListTasksRequest) -> types.ListTasksResponse:
        """ListTasks, in the order of their ids."""
        self._queues.existing(request.parent)
        limit = check_page(request.page_size, MOST_TASKS_PER_PAGE)
        found = self._store.tasks(
            request.parent, after=page_after(request.page_token), limit=limit + 1
        )
        page = found[:limit]
        return types.ListTasksResponse(
            tasks=[_seen(record.task, request.response_view) for record in page],
            next_page_token=token_of(page[-1].id) if len(found) > limit else "",
        )

    def delete(self, request: types.DeleteTaskRequest) -> Empty:
        """DeleteTask: its name stays taken, and an attempt on its way is not called back."""
        record = self._existing(request.name)
        self._store.end(record, reserved_until=self._clock.now() + self._name_retention)
        return Empty()

    def run(self, request: types.RunTaskRequest) -> types.Task:
        """RunTask: sends the task now, though it be scheduled, paused, limited or on its way."""
        return _seen(self._forced(self._existing(request.name)).task, request.response_view)

    def _existing(self, name: str) -> Record:
        queue, task_id = names.split_task(name)
        record = self._store.task(queue, task_id)
        if record is None:
            used = self._store.name_was_used(queue, task_id, self._clock.now())
            raise not_found(TASK_GONE if used else NOT_FOUND)
        return record

    def _free_id(self, request: types.CreateTaskRequest) -> str:
        if not request.task.name:
            return names.fresh_task_id()
        queue, task_id = names.split_task(request.task.name)
        if queue != request.parent:
            raise invalid(
                f"The queue name from request ('{request.parent}') must be the same as the queue "
                f"name in the named task ('{queue}')."
            )
        if self._store.task(queue, task_id) is not None:
            raise Refused(StatusCode.ALREADY_EXISTS, "Requested entity already exists")
        if self._store.name_was_used(queue, task_id, self._clock.now()):
            raise Refused(StatusCode.ALREADY_EXISTS, TASK_TOO_RECENT)
        return task_id


def _seen(task: types.Task, view: types.Task.View) -> types.Task:
    """Return the task as the view shows it: BASIC, which is the default, without the body."""
    seen = types.Task(task)
    seen.view = types.Task.View(view or types.Task.View.BASIC)
    if seen.view == types.Task.View.BASIC:
        seen.http_request.body = b""
    return seen
