"""The one process of all emulators, started as the local stack starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
import jwt
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client as CloudStorageClient
from google.cloud.tasks_v2 import CloudTasksClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport
from storage3 import SyncStorageClient

from infra.local.ports import choose_ports
from tests.contract.tasks_fixtures import Receiver, receiver, until

__all__ = ["receiver"]

PARTS = ("cloud-storage", "supabase", "tasks", "document-ai", "vertex-ai", "control")
QUEUE = "projects/quire-local/locations/local/queues/merge"
#: After which the stack would kill it. It takes half a second, but tests share their machine.
SUPERVISORS_PATIENCE_SECONDS = 4
SECRET = "a-secret-of-the-tests-that-is-long-enough-for-hs256"
SERVICE_KEY = jwt.encode({"role": "service_role", "iss": "supabase"}, SECRET, algorithm="HS256")


@dataclass
class Emulators:
    """The process, and Google's and Supabase's own clients for it."""

    folder: Path
    receiver: Receiver
    ports: dict[str, int] = field(default_factory=lambda: choose_ports(PARTS, {}))
    process: subprocess.Popen[str] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))
    _closing: list[Any] = field(default_factory=list)

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}"

    def launch(self, *more: str, **environment: str) -> subprocess.Popen[str]:
        """Start the process without waiting for it."""
        ports = [text for part in PARTS for text in (f"--{part}-port", str(self.ports[part]))]
        urls = [
            *("--ingest-url", self.receiver.url("/ingest")),
            *("--maintain-url", self.receiver.url("/maintain")),
        ]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "infra.local.emulators", "--folder", str(self.folder)),
                *(*ports, *urls, *more),
            ],
            env={"PATH": os.environ["PATH"], **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.process

    def start(self, *more: str) -> None:
        process = self.launch(*more, SUPABASE__SERVICE_KEY=SERVICE_KEY, SUPABASE__JWT_SECRET=SECRET)

        def answers() -> bool:
            assert process.poll() is None, process.communicate()[1]
            try:
                return self.http.get(self.url("control") + "/healthz").is_success
            except httpx.TransportError:
                return False

        until(answers, seconds=60)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, wait, and return the exit code and what stood on stderr."""
        assert self.process is not None
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors

    def close(self) -> None:
        for client in (self.http, *self._closing):
            client.close()
        if self.process is not None and self.process.poll() is None:
            self.end(signal.SIGKILL)

    def cloud_storage(self) -> CloudStorageClient:
        client = CloudStorageClient(
            project="quire-local",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options={"api_endpoint": self.url("cloud-storage")},
        )
        self._closing.append(client)
        return client

    def tasks(self) -> Any:
        channel = grpc.insecure_channel(f"127.0.0.1:{self.ports['tasks']}")
        self._closing.append(channel)
        return CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))

    def supabase(self) -> SyncStorageClient:
        headers = {"Authorization": f"Bearer {SERVICE_KEY}", "apikey": SERVICE_KEY}
        client = SyncStorageClient(self.url("supabase") + "/storage/v1/", headers)
        self._closing.append(client.session)
        return client


@pytest.fixture
def emulators(tmp_path: Path, receiver: Receiver) -> Iterator[Emulators]:
    process = Emulators(tmp_path / "emulators", receiver)
    yield process
    process.close()


def test_every_endpoint_answers_and_the_buckets_and_the_queue_are_there(
    emulators: Emulators,
) -> None:
    emulators.start()

    buckets = {bucket.name for bucket in emulators.cloud_storage().list_buckets()}
    results = {bucket.id for bucket in emulators.supabase().list_buckets()}
    assert buckets == {"quire-uploads", "quire-chunks"}
    assert results == {"ocr-chunks", "ocr-results"}
    assert emulators.tasks().get_queue(name=QUEUE).state.name == "RUNNING"
    with grpc.insecure_channel(f"127.0.0.1:{emulators.ports['document-ai']}") as channel:
        get = channel.unary_unary(
            "/google.cloud.documentai.v1.DocumentProcessorService/GetProcessor"
        )
        with pytest.raises(grpc.RpcError) as caught:
            get(b"", timeout=60)
        assert caught.value.code() != grpc.StatusCode.UNAVAILABLE
    parts = emulators.http.get(emulators.url("control") + "/healthz").json()["parts"]
    assert set(parts) == {"gcs", "supabase", "tasks", "document_ai", "vertex_ai", "control"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_without_a_word_but_log_lines(
    emulators: Emulators, number: signal.Signals
) -> None:
    emulators.start()
    # This connection is kept open, and must not hold it up.
    emulators.http.get(emulators.url("control") + "/healthz")
    told_at = time.monotonic()
    code, errors = emulators.end(number)
    took = time.monotonic() - told_at

    assert code == 0
    assert took < SUPERVISORS_PATIENCE_SECONDS
    messages = [json.loads(line)["message"] for line in errors.splitlines()]
    assert messages == ["emulators are ready", "emulators stopped"]
    assert SECRET not in errors
    assert SERVICE_KEY not in errors


def test_a_task_and_an_object_outlive_a_kill(emulators: Emulators, receiver: Receiver) -> None:
    emulators.start()
    emulators.tasks().pause_queue(name=QUEUE)
    target = {"http_request": {"url": receiver.url("/merge")}}
    emulators.tasks().create_task(parent=QUEUE, task={"name": f"{QUEUE}/tasks/kept", **target})
    emulators.cloud_storage().bucket("quire-chunks").blob("kept").upload_from_string(b"kept")
    emulators.supabase().from_("ocr-chunks").upload("kept.json", b"{}")
    token_keys = emulators.http.get(emulators.url("control") + "/jwks").json()
    emulators.end(signal.SIGKILL)

    emulators.start()
    assert emulators.cloud_storage().bucket("quire-chunks").blob("kept").download_as_bytes() == (
        b"kept"
    )
    assert emulators.supabase().from_("ocr-chunks").download("kept.json") == b"{}"
    assert emulators.http.get(emulators.url("control") + "/jwks").json() == token_keys
    emulators.tasks().resume_queue(name=QUEUE)
    assert receiver.next().task_id == "kept"


def test_a_finished_upload_is_told_to_ingest(emulators: Emulators, receiver: Receiver) -> None:
    emulators.start()
    emulators.cloud_storage().bucket("quire-uploads").blob("a.pdf").upload_from_string(b"%PDF")
    request = receiver.next()

    assert request.path == "/ingest"
    assert request.headers["ce-type"] == "google.cloud.storage.object.v1.finalized"
    assert json.loads(request.body)["name"] == "a.pdf"


def test_maintain_is_called_with_a_token_that_the_published_keys_verify(
    emulators: Emulators, receiver: Receiver
) -> None:
    emulators.start("--maintain-every", "0.2")
    request = receiver.next()
    token = request.headers["authorization"].removeprefix("Bearer ")
    control = emulators.url("control")
    discovery = emulators.http.get(control + "/.well-known/openid-configuration").json()
    keys = jwt.PyJWKClient(discovery["jwks_uri"])
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256"],
        audience=receiver.url("/maintain"),
        issuer=control,
    )

    assert request.path == "/maintain"
    assert request.headers["x-cloudscheduler"] == "true"
    assert claims["email_verified"] is True


def test_maintain_can_be_called_by_hand(emulators: Emulators, receiver: Receiver) -> None:
    emulators.start()
    receiver.answer(503)
    run = emulators.url("control") + "/scheduler/run"
    assert [emulators.http.post(run).status_code for _ in range(2)] == [503, 200]
    assert [request.path for request in receiver.seen] == ["/maintain", "/maintain"]


def test_document_ai_is_switched_while_it_runs(emulators: Emulators) -> None:
    emulators.start("--page-limit", "2000")
    controls = emulators.url("control") + "/document-ai/controls"
    before = emulators.http.get(controls).json()
    assert (before["max_pages"], before["max_pages_imageless"]) == (2000, 2000)

    after = emulators.http.put(controls, json={"latency_per_page_seconds": 0.5})
    assert after.json() == {**before, "latency_per_page_seconds": 0.5}
    for wrong in (b'{"max_pages": "x"}', b"[]", b"{", b'{"colour": 1}'):
        refused = emulators.http.put(controls, content=wrong)
        assert refused.status_code == 400
        assert refused.json()["error"]
    assert emulators.http.put(controls, content=b" " * 2_000_000).status_code == 413
    assert emulators.http.get(controls).json() == after.json()
    assert emulators.http.get(emulators.url("control") + "/document-ai/calls").json() == []


def test_vertex_ai_is_switched_while_it_runs_and_its_calls_are_on_record(
    emulators: Emulators,
) -> None:
    emulators.start()
    control = emulators.url("control") + "/vertex-ai"
    fault = {"status": "UNAVAILABLE", "times": 1}
    assert emulators.http.put(f"{control}/controls", json={"faults": [fault]}).is_success
    models = "projects/quire-local/locations/global/publishers/google/models"

    answers = [
        emulators.http.post(
            f"{emulators.url('vertex-ai')}/v1beta1/{models}/text-embedding-005:predict",
            json={"instances": [{"content": "A text."}]},
            headers={"Authorization": "Bearer emulator"},
        ).status_code
        for _ in range(2)
    ]

    assert answers == [503, 200]
    calls = emulators.http.get(f"{control}/calls").json()
    assert [call["status"] for call in calls] == ["UNAVAILABLE", "OK"]
    assert emulators.http.get(emulators.url("control") + "/planet-ai/calls").status_code == 404


def test_a_missing_secret_is_named_and_nothing_is_started(emulators: Emulators) -> None:
    process = emulators.launch(SUPABASE__SERVICE_KEY=SERVICE_KEY)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    [line] = errors.splitlines()
    assert json.loads(line)["reason"] == "SUPABASE__JWT_SECRET is not set in the environment"
    assert not emulators.folder.exists()


@pytest.mark.parametrize("part", PARTS)
def test_a_taken_port_ends_it_with_one_line(emulators: Emulators, part: str) -> None:
    taken = emulators.receiver.address.rpartition(":")[2]
    emulators.ports[part] = int(taken)
    process = emulators.launch(SUPABASE__SERVICE_KEY=SERVICE_KEY, SUPABASE__JWT_SECRET=SECRET)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    [line] = errors.splitlines()
    assert json.loads(line)["message"] == "the emulators could not go on"
    assert taken in json.loads(line)["reason"]


def test_a_second_process_on_the_same_folder_is_refused(emulators: Emulators) -> None:
    emulators.start()
    second = Emulators(emulators.folder, emulators.receiver)
    process = second.launch(SUPABASE__SERVICE_KEY=SERVICE_KEY, SUPABASE__JWT_SECRET=SECRET)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    [line] = errors.splitlines()
    assert "another process" in json.loads(line)["reason"]
