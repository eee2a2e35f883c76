"""Functions served by the host, each through functions-framework, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from infra.local.home import ROOT, Home
from infra.local.layout import Layout
from infra.local.processes import Answers, Service, python
from infra.local.stack import Stack
from tests.contract.local_stack_fixtures import lives

SOURCE = """
import asyncio
import functions_framework.aio
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

app = FastAPI()

@app.get("/healthz")
async def healthz():
    return {"status": "ok"}

@app.post("/v1/echo")
async def echo(request: Request):
    return {"path": request.url.path, "bytes": len(await request.body())}

@app.get("/v1/stream")
async def stream():
    async def forever():
        yield "data: first\\n\\n"
        await asyncio.Event().wait()
    return StreamingResponse(forever(), media_type="text/event-stream")

@functions_framework.aio.http
async def api(request):
    return app

@functions_framework.aio.cloud_event
def ingest(event):
    if event["id"] == "bad":
        raise RuntimeError("an unknown error must stay a failure")

@functions_framework.aio.http
def merge(request):
    return {"path": request.url.path}

@functions_framework.aio.http
def maintain(request):
    return "done"

@functions_framework.aio.http
def webhook(request):
    return "told"
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("functions-host")
    source = folder / "main.py"
    source.write_text(SOURCE)
    with Stack(Home(folder / "home"), services=lambda layout: [host(layout, source)]) as started:
        yield started


def host(layout: Layout, source: Path) -> Service:
    port = layout.ports["api"]
    words = ("--port", str(port), "--source", str(source))
    return Service(
        name="functions",
        command=python("-m", "infra.local.functions_host", *words),
        environment=layout.full_environment,
        ready=Answers(port),
        folder=ROOT,
    )


def event(name: str) -> dict[str, str]:
    return {"ce-specversion": "1.0", "ce-id": name, "ce-source": "//here", "ce-type": "landed"}


def test_each_function_is_there(stack: Stack) -> None:
    api = stack.endpoints["api"]
    echo = httpx.post(f"{api}/v1/echo", content=b"12345").json()
    assert echo == {"path": "/v1/echo", "bytes": 5}
    assert httpx.post(f"{api}/merge").json() == {"path": "/"}
    assert httpx.post(f"{api}/maintain").text == "done"
    assert httpx.post(f"{api}/ingest", headers=event("good"), content=b"{}").status_code == 200


def test_an_error_in_a_function_is_a_500_so_that_the_event_comes_again(stack: Stack) -> None:
    answer = httpx.post(f"{stack.endpoints['api']}/ingest", headers=event("bad"), content=b"{}")
    assert answer.status_code == 500


def test_an_open_stream_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    source = tmp_path / "main.py"
    source.write_text(SOURCE)
    with Stack(Home(tmp_path / "home"), services=lambda layout: [host(layout, source)]) as stack:
        process = psutil.Process(stack.processes["functions"])
        with httpx.stream("GET", f"{stack.endpoints['api']}/v1/stream") as stream:
            assert next(stream.iter_lines()) == "data: first"
            began = time.monotonic()
            stack.stop()
            assert time.monotonic() - began < 3.5
    assert not lives(process)
