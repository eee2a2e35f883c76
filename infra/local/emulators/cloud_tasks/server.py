"""The emulator as a server: its calls over gRPC, and a dispatcher for each queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
from google.cloud.tasks_v2 import types
from google.protobuf.empty_pb2 import Empty

from infra.local.emulators.cloud_tasks.clock import Clock, SystemClock
from infra.local.emulators.cloud_tasks.delivery import Delivery
from infra.local.emulators.cloud_tasks.dispatcher import Dispatcher
from infra.local.emulators.cloud_tasks.names import location_of
from infra.local.emulators.cloud_tasks.queues import Queues
from infra.local.emulators.cloud_tasks.refusals import Refused
from infra.local.emulators.cloud_tasks.store import Record, TaskStore
from infra.local.emulators.cloud_tasks.tasks import Tasks
from infra.local.emulators.oidc import OidcIssuer

SERVICE = "google.cloud.tasks.v2.CloudTasks"
#: The service says "up to 24 hours"; users count on an hour at least.
TASK_NAME_RETENTION = timedelta(hours=1)
#: Above the size of a task, so that one that is too large gets the service's own refusal.
_MOST_REQUEST_BYTES = 16 << 20
_GRACE_SECONDS = 0.3


class CloudTasksServer:
    """A running emulator."""

    def __init__(
        self,
        store: TaskStore,
        *,
        issuer: OidcIssuer,
        clock: Clock,
        client: httpx.AsyncClient,
        name_retention: timedelta,
    ) -> None:
        self._store = store
        self._clock = clock
        self._client = client
        self._name_retention = name_retention
        self._delivery = Delivery(client, issuer, clock)
        self._dispatchers: dict[str, tuple[Dispatcher, asyncio.Task[None]]] = {}
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._grpc = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),  # a second server on the port is an error, not a twin
                ("grpc.max_receive_message_length", _MOST_REQUEST_BYTES),
            ]
        )
        self.port = 0

        self._queues = Queues(
            store,
            clock,
            name_retention=name_retention,
            changed=self._go_by,
            deleted=self._let_go,
        )

    async def start(self, host: str, port: int) -> None:
        """Open the port, any free one for 0, and go on with what the store holds."""
        tasks = Tasks(
            self._store,
            self._clock,
            self._queues,
            name_retention=self._name_retention,
            added=self._wake,
            forced=self._force,
        )
        self._grpc.add_generic_rpc_handlers((_calls(self._queues, tasks),))
        self.port = self._grpc.add_insecure_port(f"{host}:{port}")
        await self._grpc.start()
        for queue in self._store.queues("", limit=-1):
            self._go_by(queue)

    def ensure_queue(self, name: str) -> None:
        """Make a queue with the defaults where there is none, though it was deleted just now.

        ValueError if the name is not one.
        """
        if self._store.queue(name) is not None:
            return
        self._store.free_queue_name(name)
        try:
            request = types.CreateQueueRequest(parent=location_of(name), queue={"name": name})
            self._queues.create(request)
        except Refused as refusal:
            raise ValueError(f"{name!r}: {refusal.message}") from refusal

    async def wait(self) -> None:
        """Return when the server was stopped; raise what broke a dispatcher."""
        await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """End all calls and attempts. What was on its way goes out again at the next start."""
        await self._grpc.stop(_GRACE_SECONDS)
        loops = [loop for _, loop in self._dispatchers.values()]
        self._dispatchers.clear()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await self._client.aclose()
        self._store.close()
        if not self._ended.done():
            self._ended.set_result(None)

    def _go_by(self, queue: types.Queue) -> None:
        if queue.name in self._dispatchers:
            self._dispatchers[queue.name][0].change(queue)
            return
        dispatcher = Dispatcher(
            queue,
            store=self._store,
            delivery=self._delivery,
            clock=self._clock,
            name_retention=self._name_retention,
        )
        loop = asyncio.create_task(dispatcher.run(), name=f"dispatcher of {queue.name}")
        loop.add_done_callback(self._notice_end)
        self._dispatchers[queue.name] = (dispatcher, loop)

    def _let_go(self, name: str) -> None:
        self._dispatchers.pop(name)[1].cancel()

    def _notice_end(self, loop: asyncio.Task[None]) -> None:
        if not loop.cancelled() and (error := loop.exception()) and not self._ended.done():
            self._ended.set_exception(error)

    def _wake(self, queue: str) -> None:
        self._dispatchers[queue][0].wake()

    def _force(self, record: Record) -> Record:
        return self._dispatchers[record.queue][0].force(record)


async def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    issuer: OidcIssuer,
    clock: Clock | None = None,
    name_retention: timedelta = TASK_NAME_RETENTION,
) -> CloudTasksServer:
    """Start the emulator on `folder`'s data.

    Raises RuntimeError if the port or the folder is taken by somebody else.
    """
    # Not by way of a proxy from the environment: the targets are this machine's.
    client = httpx.AsyncClient(
        timeout=None,  # noqa: S113 - each attempt has its task's deadline
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
        follow_redirects=True,
        max_redirects=5,
        trust_env=False,
    )
    store = TaskStore(folder)
    server = CloudTasksServer(
        store,
        issuer=issuer,
        clock=clock or SystemClock(),
        client=client,
        name_retention=name_retention,
    )
    try:
        await server.start(host, port)
    except BaseException:
        await server.stop()
        raise
    return server


def _calls(queues: Queues, tasks: Tasks) -> grpc.GenericRpcHandler:
    calls: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
        "CreateQueue": (queues.create, types.CreateQueueRequest, types.Queue),
        "GetQueue": (queues.get, types.GetQueueRequest, types.Queue),
        "ListQueues": (queues.list, types.ListQueuesRequest, types.ListQueuesResponse),
        "UpdateQueue": (queues.update, types.UpdateQueueRequest, types.Queue),
        "DeleteQueue": (queues.delete, types.DeleteQueueRequest, None),
        "PurgeQueue": (queues.purge, types.PurgeQueueRequest, types.Queue),
        "PauseQueue": (queues.pause, types.PauseQueueRequest, types.Queue),
        "ResumeQueue": (queues.resume, types.ResumeQueueRequest, types.Queue),
        "CreateTask": (tasks.create, types.CreateTaskRequest, types.Task),
        "GetTask": (tasks.get, types.GetTaskRequest, types.Task),
        "ListTasks": (tasks.list, types.ListTasksRequest, types.ListTasksResponse),
        "DeleteTask": (tasks.delete, types.DeleteTaskRequest, None),
        "RunTask": (tasks.run, types.RunTaskRequest, types.Task),
    }
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            name: grpc.unary_unary_rpc_method_handler(
                _answering(answer),
                request_deserializer=asked.deserialize,
                response_serializer=given.serialize if given else Empty.SerializeToString,
            )
            for name, (answer, asked, given) in calls.items()
        },
    )


def _answering(answer: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    async def call(request: Any, context: Any) -> Any:
        try:
            return answer(request)
        except Refused as refusal:
            await context.abort(refusal.code, refusal.message)

    return call
