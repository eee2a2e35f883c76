"""The queues' calls: create, get, list, update, delete, purge, pause, resume."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from google.cloud.tasks_v2 import types
from google.protobuf import field_mask_pb2
from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode

from infra.local.emulators.cloud_tasks import names
from infra.local.emulators.cloud_tasks.clock import Clock
from infra.local.emulators.cloud_tasks.limits import complete_queue
from infra.local.emulators.cloud_tasks.paging import check_page, page_after, token_of
from infra.local.emulators.cloud_tasks.refusals import (
    NOT_FOUND,
    QUEUE_NOT_FOUND,
    QUEUE_TOO_RECENT,
    Refused,
    invalid,
    left_out,
    not_found,
)
from infra.local.emulators.cloud_tasks.store import TaskStore

MOST_QUEUES_PER_PAGE = 9800
#: The service keeps a deleted queue's name from being used again for up to three days.
QUEUE_NAME_RETENTION = timedelta(days=3)

_STATE_FILTER = re.compile(r"\s*state\s*[:=]\s*(RUNNING|PAUSED|DISABLED)\s*")
_OUTPUT_ONLY = {"name", "state", "purge_time"}


class Queues:
    """Each method answers the call of its name, or raises Refused.

    `changed` is told of every queue that is made or changed, and `deleted` of every name of one
    that is gone.
    """

    def __init__(
        self,
        store: TaskStore,
        clock: Clock,
        *,
        name_retention: timedelta,
        changed: Callable[[types.Queue], None],
        deleted: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._name_retention = name_retention
        self._changed = changed
        self._deleted = deleted

    def create(self, request: types.CreateQueueRequest) -> types.Queue:
        """CreateQueue: a name is free when nothing has it, and nothing had it lately."""
        names.check_location(request.parent)
        names.check_queue(request.queue.name)
        if names.location_of(request.queue.name) != request.parent:
            raise invalid("The queue's name must lie in the request's parent.")
        if self._store.queue(request.queue.name) is not None:
            raise Refused(StatusCode.ALREADY_EXISTS, "Queue already exists")
        return self._make(request.queue)

    def get(self, request: types.GetQueueRequest) -> types.Queue:
        """GetQueue."""
        return self.existing(request.name)

    def list(self, request: types.ListQueuesRequest) -> types.ListQueuesResponse:
        """ListQueues, in the order of their names."""
        names.check_location(request.parent)
        state = _STATE_FILTER.fullmatch(request.filter)
        if request.filter and state is None:
            raise left_out("filters other than by state, like state:PAUSED")
        limit = check_page(request.page_size, MOST_QUEUES_PER_PAGE)
        found = self._store.queues(
            request.parent, after=page_after(request.page_token), limit=limit + 1
        )
        more = len(found) > limit
        page = found[:limit]
        return types.ListQueuesResponse(
            # Like the service's, a filtered page may hold fewer than were asked for.
            queues=[queue for queue in page if state is None or queue.state.name == state[1]],
            next_page_token=token_of(page[-1].name) if more else "",
        )

    def update(self, request: types.UpdateQueueRequest) -> types.Queue:
        """UpdateQueue: makes the queue where it is missing; no mask means every field."""
        names.check_queue(request.queue.name)
        old = self._store.queue(request.queue.name)
        if old is None:
            return self._make(request.queue)
        paths = [path for path in request.update_mask.paths if path not in _OUTPUT_ONLY]
        mask = field_mask_pb2.FieldMask(paths=paths or ["rate_limits", "retry_config"])
        if not mask.IsValidForDescriptor(types.Queue.pb(old).DESCRIPTOR):
            raise invalid("Invalid field mask in the request.")
        if request.update_mask.paths and not paths:
            return old
        new = types.Queue(old)
        mask.MergeMessage(
            types.Queue.pb(request.queue), types.Queue.pb(new), replace_message_field=True
        )
        complete_queue(new)
        return self._keep(new)

    def delete(self, request: types.DeleteQueueRequest) -> Empty:
        """DeleteQueue, with all its tasks."""
        names.check_queue(request.name)
        if self._store.queue(request.name) is None:
            raise not_found(NOT_FOUND)
        until = self._clock.now() + QUEUE_NAME_RETENTION
        self._store.delete_queue(request.name, reserved_until=until)
        self._deleted(request.name)
        return Empty()

    def purge(self, request: types.PurgeQueueRequest) -> types.Queue:
        """PurgeQueue: at once, where the service may take a minute."""
        queue = self.existing(request.name)
        now = self._clock.now()
        self._store.purge(request.name, reserved_until=now + self._name_retention)
        queue.purge_time = now
        return self._keep(queue)

    def pause(self, request: types.PauseQueueRequest) -> types.Queue:
        """PauseQueue: what is on its way is not called back."""
        return self._set_state(request.name, types.Queue.State(types.Queue.State.PAUSED))

    def resume(self, request: types.ResumeQueueRequest) -> types.Queue:
        """ResumeQueue."""
        return self._set_state(request.name, types.Queue.State(types.Queue.State.RUNNING))

    def existing(self, name: str) -> types.Queue:
        """Return the queue, or refuse in the words that every call but delete uses."""
        names.check_queue(name)
        queue = self._store.queue(name)
        if queue is None:
            raise not_found(QUEUE_NOT_FOUND)
        return queue

    def _make(self, asked: types.Queue) -> types.Queue:
        if self._store.queue_was_deleted(asked.name, self._clock.now()):
            raise Refused(StatusCode.FAILED_PRECONDITION, QUEUE_TOO_RECENT)
        queue = types.Queue(asked)
        queue.state = types.Queue.State(types.Queue.State.RUNNING)
        del queue.purge_time
        complete_queue(queue)
        return self._keep(queue)

    def _set_state(self, name: str, state: types.Queue.State) -> types.Queue:
        queue = self.existing(name)
        queue.state = state
        return self._keep(queue)

    def _keep(self, queue: types.Queue) -> types.Queue:
        self._store.put_queue(queue)
        self._changed(queue)
        return queue
