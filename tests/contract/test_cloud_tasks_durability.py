"""What the Cloud Tasks emulator keeps when its process is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud.tasks_v2 import CloudTasksClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from infra.local.emulators.cloud_tasks.store import TaskStore
from tests.contract.tasks_fixtures import LOCATION, Receiver, receiver

__all__ = ["receiver"]

QUEUE = f"{LOCATION}/queues/merge"

SERVER = """
import asyncio, sys
from pathlib import Path
from infra.local.emulators import cloud_tasks
from infra.local.emulators.oidc import OidcIssuer

async def main(folder):
    issuer = OidcIssuer(folder, "http://127.0.0.1:1")
    server = await cloud_tasks.serve(folder, host="127.0.0.1", port=0, issuer=issuer)
    print(server.port, flush=True)
    await server.wait()

asyncio.run(main(Path(sys.argv[1])))
"""


@contextmanager
def running(folder: Path) -> Iterator[tuple[Any, subprocess.Popen[str]]]:
    """Run the emulator in a process of its own, and kill it without a warning at the end."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        channel = grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}")
        try:
            yield CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel)), process
        finally:
            channel.close()
            process.send_signal(signal.SIGKILL)


def task(task_id: str, receiver: Receiver) -> dict[str, Any]:
    return {
        "name": f"{QUEUE}/tasks/{task_id}",
        "http_request": {"url": receiver.url(), "body": b"kept"},
    }


def test_tasks_queues_and_used_names_outlive_a_kill(tmp_path: Path, receiver: Receiver) -> None:
    with running(tmp_path) as (client, _):
        client.create_queue(parent=LOCATION, queue={"name": QUEUE})
        client.pause_queue(name=QUEUE)
        for task_id in ("waits", "deleted"):
            client.create_task(parent=QUEUE, task=task(task_id, receiver))
        client.delete_task(name=f"{QUEUE}/tasks/deleted")

    with running(tmp_path) as (client, _):
        assert client.get_queue(name=QUEUE).state.name == "PAUSED"
        for task_id in ("waits", "deleted"):
            with pytest.raises(exceptions.AlreadyExists):
                client.create_task(parent=QUEUE, task=task(task_id, receiver))
        client.resume_queue(name=QUEUE)
        request = receiver.next()

    assert (request.task_id, request.body) == ("waits", b"kept")


def test_a_task_on_its_way_at_the_kill_is_sent_again(tmp_path: Path, receiver: Receiver) -> None:
    receiver.hold()
    with running(tmp_path) as (client, _):
        client.create_queue(parent=LOCATION, queue={"name": QUEUE})
        client.create_task(parent=QUEUE, task=task("merge-1", receiver))
        first = receiver.next()
    receiver.release()
    with running(tmp_path):
        second = receiver.next()

    assert first.task_id == second.task_id == "merge-1"
    assert first.headers["x-cloudtasks-taskretrycount"] == "0"
    assert second.headers["x-cloudtasks-taskretrycount"] == "1"


def test_a_folder_serves_one_emulator_at_a_time(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(RuntimeError, match="in use by another"):
        TaskStore(tmp_path)
