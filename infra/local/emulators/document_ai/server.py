"""The gRPC server: DocumentProcessorService on a port of this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from infra.local.emulators.document_ai.controls import Controls
from infra.local.emulators.document_ai.pictures import Drawer
from infra.local.emulators.document_ai.refusals import Refusal
from infra.local.emulators.document_ai.registry import Registry
from infra.local.emulators.document_ai.resources import PROCESSOR
from infra.local.emulators.document_ai.service import DocumentAi
from infra.local.emulators.document_ai.sources import Sources
from infra.local.emulators.document_ai.types import types

if TYPE_CHECKING:
    from infra.local.emulators.file_store import FileStore
    from infra.local.ocr_engine.pool import EnginePool

SERVICE = "google.cloud.documentai.v1.DocumentProcessorService"

#: Far above the 40 MB of a call, so that a call that is too large is refused with the service's
#: own words, and so that a test can lift the limit and send a whole document.
MAX_REQUEST_BYTES = 1 << 30


class Server:
    """The running emulator."""

    def __init__(
        self, port: int, server: grpc.aio.Server, pool: EnginePool, tasks: Collection[Any]
    ) -> None:
        #: The port it listens on, also where 0 was asked for.
        self.port = port
        self._server = server
        self._pool = pool
        self._tasks = tasks

    async def stop(self, grace_seconds: float = 0.0) -> None:
        """Refuse new calls, give running ones that long, and end the engine's processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.stop(grace_seconds)
        await self._pool.close()


async def serve(
    *,
    host: str,
    port: int,
    controls: Controls,
    store: FileStore | None = None,
    ocr_processes: int = 2,
    processors: Collection[str] = (PROCESSOR,),
) -> Server:
    """Listen, and return at once: types and engine load behind the first calls' backs.

    `store` is what `gcs_document` is read from. Port 0 picks a free one. Raises RuntimeError where
    the port is taken.
    """
    from infra.local.ocr_engine.pool import EnginePool

    pool = EnginePool(ocr_processes)
    service = DocumentAi(controls, pool, Drawer(), Sources(store), processors)
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
            ("grpc.max_send_message_length", -1),
            # Otherwise two servers could listen on one port, each with half of the calls.
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers((_methods(service, Registry(processors)),))
    bound = server.add_insecure_port(f"{host}:{port}")
    await server.start()
    return Server(bound, server, pool, [asyncio.create_task(_warm(pool))])


async def _warm(pool: EnginePool) -> None:
    await asyncio.to_thread(types)
    await pool.warm()


def _methods(service: DocumentAi, registry: Registry) -> grpc.GenericRpcHandler:
    """Return the methods there are. gRPC itself answers UNIMPLEMENTED to all others."""

    async def process(serialized: bytes, context: grpc.aio.ServicerContext) -> bytes:
        call = service.controls.begin_call()
        try:
            answer = await service.process(serialized, call)
        except Refusal as refusal:
            call.status, call.reason = refusal.status, refusal.reason
            await _abort(context, refusal)
            raise  # never reached: abort raises
        except asyncio.CancelledError:
            call.status = "CANCELLED"
            raise
        except BaseException:
            call.status = "UNKNOWN"
            raise
        else:
            call.status = "OK"
            return answer
        finally:
            call.ended_at = time.time()

    methods = {
        "ProcessDocument": process,
        "GetProcessor": _answering(registry.processor),
        "GetProcessorVersion": _answering(registry.version),
        "ListProcessors": _answering(registry.listed),
    }
    # No (de)serializers: the types may not be loaded yet.
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {name: grpc.unary_unary_rpc_method_handler(method) for name, method in methods.items()},
    )


def _answering(
    answer: Callable[[bytes], bytes],
) -> Callable[[bytes, grpc.aio.ServicerContext], Awaitable[bytes]]:
    async def method(serialized: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            return await asyncio.to_thread(answer, serialized)
        except Refusal as refusal:
            await _abort(context, refusal)
            raise  # never reached: abort raises

    return method


async def _abort(context: grpc.aio.ServicerContext, refusal: Refusal) -> None:
    await context.abort(
        grpc.StatusCode[refusal.status],
        refusal.message,
        trailing_metadata=(("grpc-status-details-bin", refusal.status_details()),),
    )
