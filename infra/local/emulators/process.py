"""All emulators on one event loop: what is started in which order, watched, and stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sqlite3
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx
import uvloop
from starlette.applications import Starlette

from infra import logs
from infra.local.emulators import cloud_storage, cloud_tasks, control, document_ai, vertex_ai
from infra.local.emulators import supabase_storage as supabase
from infra.local.emulators.file_store import FileStore, StoreInUse
from infra.local.emulators.oidc import OidcIssuer
from infra.local.emulators.options import Options
from infra.local.emulators.scheduler import Scheduler
from infra.local.emulators.web import WebServer

HOST: Final = "127.0.0.1"

log = logging.getLogger("infra.local.emulators")


def run(options: Options, began: float) -> int:
    """Run until SIGTERM or SIGINT and return the process's exit code.

    `began` is the perf_counter reading from which the time to readiness is reported.
    """
    logs.configure(options.log_level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_told_to_stop(_run(options, began)))
    except (OSError, RuntimeError, ValueError, StoreInUse, sqlite3.DatabaseError) as error:
        # A taken port, a folder in use, a wrong option: the reason says it all.
        log.critical("the emulators could not go on", extra={"reason": str(error)})
        return 1
    return 0


async def _until_told_to_stop(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until a signal comes; then let it clean up, undisturbed by further signals."""
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(work)
    told = False

    def stop() -> None:
        nonlocal told
        if not told:
            told = True
            running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not told:
            raise
        log.info("emulators stopped")


async def _run(options: Options, began: float) -> None:
    """Start every part, the control address last, and watch over them until cancelled."""
    service_key, jwt_secret = _secret("SUPABASE__SERVICE_KEY"), _secret("SUPABASE__JWT_SECRET")
    issuer = OidcIssuer(options.folder / "oidc", f"http://{HOST}:{options.control_port}")
    async with AsyncExitStack() as parts:
        client = await parts.enter_async_context(httpx.AsyncClient(trust_env=False))
        store = parts.enter_context(FileStore(options.folder / "files"))
        storage_app = cloud_storage.create_app(
            store,
            public_url=f"http://{HOST}:{options.cloud_storage_port}",
            notify_urls={options.uploads_bucket: options.ingest_url},
            event_token=lambda url: issuer.token(email=options.events_account, audience=url),
        )
        supabase_app = supabase.create_app(
            store,
            public_url=f"http://{HOST}:{options.supabase_port}",
            service_key=service_key,
            jwt_secret=jwt_secret,
        )
        controls = document_ai.Controls()
        if options.page_limit is not None:
            limit = options.page_limit
            controls.update({"max_pages": limit, "max_pages_imageless": limit})
        models = vertex_ai.Controls()
        await _make_buckets(options, storage_app, supabase_app, service_key)

        ocr = await document_ai.serve(
            host=HOST,
            port=options.document_ai_port,
            controls=controls,
            store=store,
            ocr_processes=options.ocr_processes,
        )
        parts.push_async_callback(ocr.stop)
        tasks = await cloud_tasks.serve(
            options.folder / "tasks", host=HOST, port=options.tasks_port, issuer=issuer
        )
        parts.push_async_callback(tasks.stop)
        tasks.ensure_queue(options.queue)
        scheduler = Scheduler(
            options.maintain_url,
            every=options.maintain_every,
            job="maintain",
            account=options.service_account,
            issuer=issuer,
            client=client,
        )
        control_app = control.create_app(
            parts=_addresses(options),
            issuer=issuer,
            scheduler=scheduler,
            boards={"document-ai": controls, "vertex-ai": models},
        )
        webs: list[WebServer] = []
        parts.push_async_callback(_stop_all, webs)
        for app, port in (
            (storage_app, options.cloud_storage_port),
            (supabase_app, options.supabase_port),
            (vertex_ai.create_app(models), options.vertex_ai_port),
            (control_app, options.control_port),
        ):
            webs.append(WebServer(app))
            await webs[-1].start(HOST, port)
        seconds = round(time.perf_counter() - began, 3)
        log.info("emulators are ready", extra={"seconds": seconds, **_addresses(options)})
        async with asyncio.TaskGroup() as watch:
            watch.create_task(scheduler.run())
            watch.create_task(tasks.wait())
            for web in webs:
                watch.create_task(web.wait())


async def _stop_all(webs: list[WebServer]) -> None:
    await asyncio.gather(*(web.stop() for web in webs))


def _secret(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set in the environment")
    return value


def _addresses(options: Options) -> dict[str, str]:
    return {
        "gcs": f"http://{HOST}:{options.cloud_storage_port}",
        "supabase": f"http://{HOST}:{options.supabase_port}",
        "tasks": f"{HOST}:{options.tasks_port}",
        "document_ai": f"{HOST}:{options.document_ai_port}",
        "vertex_ai": f"http://{HOST}:{options.vertex_ai_port}",
        "control": f"http://{HOST}:{options.control_port}",
    }


async def _make_buckets(
    options: Options, storage_app: Starlette, supabase_app: Starlette, service_key: str
) -> None:
    """Make the buckets that are missing, as a client would, before anyone can ask for them."""
    async with _inside(storage_app) as storage:
        for name in (options.uploads_bucket, options.chunks_bucket):
            await _make(storage, "/storage/v1/b?project=quire-local", {"name": name})
    async with _inside(supabase_app) as results:
        results.headers["Authorization"] = f"Bearer {service_key}"
        for name in (options.ocr_chunks_bucket, options.results_bucket):
            await _make(results, "/storage/v1/bucket", {"id": name, "name": name, "public": False})


def _inside(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://emulator")


async def _make(client: httpx.AsyncClient, path: str, bucket: dict[str, object]) -> None:
    response = await client.post(path, json=bucket)
    is_there_already = "uplicate" in response.text or "already" in response.text
    if response.is_error and not is_there_already:
        raise RuntimeError(f"bucket {bucket['name']} could not be made: {response.text}")
