"""The adapter that production uses, against the Cloud Tasks emulator."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from subprocess import run
from uuid import UUID, uuid4

import grpc
import jwt
import pytest
from cloudevents.http import from_http
from google.cloud.tasks_v2 import types

from common.errors import MisconfiguredError, PermanentError, TransientError
from common.models import JobId, ObjectRef
from infra.settings import TasksSettings
from infra.tasks.cloud_tasks import CloudTasks
from tests.contract.tasks_fixtures import (
    LOCATION,
    Emulator,
    Receiver,
    emulator,
    issuer,
    loop_thread,
    receiver,
    until,
)

__all__ = ["emulator", "issuer", "loop_thread", "receiver"]

JOB = JobId(UUID("6a0d1f5e-6a3c-4a58-9a39-0b0d6f1c2e11"))
JOB = JobId(UUID(int=7))
UPLOAD = ObjectRef("quire-uploads", "documents/Brücke 100%.pdf", generation=1762345678901234)


def settings(emulator: Emulator, receiver: Receiver, **more: object) -> TasksSettings:
    values: dict[str, object] = {
        "queue": f"{LOCATION}/queues/merge",
        "endpoint": f"127.0.0.1:{emulator.server.port}",
        "insecure": True,
        "merge_url": receiver.url("/merge"),
        "ingest_url": receiver.url("/ingest"),
        "webhook_url": receiver.url("/webhook"),
        **more,
    }
    return TasksSettings.model_validate(values)


@pytest.fixture
def tasks(emulator: Emulator, receiver: Receiver) -> Iterator[CloudTasks]:
    emulator.queue("merge")
    adapter = CloudTasks(settings(emulator, receiver))
    yield adapter
    adapter.close()


def test_a_merge_is_called_with_its_jobs_id_and_may_take_half_an_hour(
    tasks: CloudTasks, emulator: Emulator, receiver: Receiver
) -> None:
    receiver.hold()
    tasks.send_merge(JOB, dispatch=2)
    request = receiver.next()

    assert (request.method, request.path) == ("POST", "/merge")
    assert json.loads(request.body) == {"job_id": str(JOB)}
    assert request.headers["content-type"] == "application/json"
    assert request.task_id == f"merge-{JOB}-2"
    assert "authorization" not in request.headers
    name = f"{LOCATION}/queues/merge/tasks/merge-{JOB}-2"
    assert emulator.client.get_task(name=name).dispatch_deadline.total_seconds() == 1800


def test_a_merge_sent_twice_for_one_dispatch_is_called_once(
    tasks: CloudTasks, emulator: Emulator, receiver: Receiver
) -> None:
    tasks.send_merge(JOB, dispatch=1)
    tasks.send_merge(JOB, dispatch=1)
    until(lambda: not emulator.ids(f"{LOCATION}/queues/merge"))
    tasks.send_merge(JOB, dispatch=1)
    tasks.send_merge(JOB, dispatch=2)

    assert sorted(receiver.next_ids(2)) == [f"merge-{JOB}-1", f"merge-{JOB}-2"]
    until(lambda: not emulator.ids(f"{LOCATION}/queues/merge"))
    assert len(receiver.seen) == 2


def test_an_ingest_is_the_event_that_eventarc_would_have_sent(
    tasks: CloudTasks, receiver: Receiver
) -> None:
    tasks.send_ingest(UPLOAD, dispatch=1, job_id=JOB)
    request = receiver.next()
    event = from_http(request.headers, request.body)

    assert request.path == "/ingest"
    assert event["type"] == "google.cloud.storage.object.v1.finalized"
    assert event["source"] == "//storage.googleapis.com/projects/_/buckets/quire-uploads"
    assert event["bucket"] == "quire-uploads"
    assert event["quirejob"] == str(JOB)
    assert event["subject"] == "objects/documents/Br%C3%BCcke%20100%25.pdf"
    assert event.data == {
        "bucket": "quire-uploads",
        "name": "documents/Brücke 100%.pdf",
        "generation": "1762345678901234",
    }


def test_each_job_and_dispatch_of_an_upload_is_ingested_once(
    tasks: CloudTasks, emulator: Emulator, receiver: Receiver
) -> None:
    another = JobId(uuid4())
    for job_id, dispatch in ((JOB, 1), (JOB, 1), (JOB, 2), (another, 1)):
        tasks.send_ingest(UPLOAD, dispatch, job_id)
    assert len(set(receiver.next_ids(3))) == 3
    until(lambda: not emulator.ids(f"{LOCATION}/queues/merge"))
    assert len(receiver.seen) == 3


def test_calls_carry_the_service_accounts_token_for_the_function(
    emulator: Emulator, receiver: Receiver
) -> None:
    emulator.queue("merge")
    account = "quire-tasks@quire-test.iam.gserviceaccount.com"
    adapter = CloudTasks(settings(emulator, receiver, service_account=account))
    adapter.send_merge(JOB, dispatch=1)
    adapter.close()

    token = receiver.next().headers["authorization"].removeprefix("Bearer ")
    [key] = jwt.PyJWKSet.from_dict(emulator.issuer.jwks()).keys
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=receiver.url("/merge"))
    assert claims["email"] == account


def test_a_queue_that_is_not_there_is_a_permanent_error(
    emulator: Emulator, receiver: Receiver
) -> None:
    adapter = CloudTasks(settings(emulator, receiver))
    with pytest.raises(PermanentError) as caught:
        adapter.send_merge(JOB, dispatch=1)
    adapter.close()
    assert isinstance(caught.value, MisconfiguredError)
    assert caught.value.code == "TASKS_REFUSED"


def test_cloud_tasks_being_away_is_a_transient_error(
    emulator: Emulator, receiver: Receiver
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"127.0.0.1:{free.getsockname()[1]}"
    adapter = CloudTasks(settings(emulator, receiver, endpoint=endpoint))
    with pytest.raises(TransientError) as caught:
        adapter.send_merge(JOB, dispatch=1)
    adapter.close()
    assert caught.value.code == "TASKS_UNAVAILABLE"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("UNAVAILABLE", TransientError),
        ("DEADLINE_EXCEEDED", TransientError),
        ("RESOURCE_EXHAUSTED", TransientError),
        ("INTERNAL", TransientError),
        ("ABORTED", TransientError),
        ("UNKNOWN", TransientError),
        ("CANCELLED", TransientError),
        ("PERMISSION_DENIED", PermanentError),
        ("UNIMPLEMENTED", PermanentError),
        ("INVALID_ARGUMENT", PermanentError),
        ("FAILED_PRECONDITION", PermanentError),
        ("UNAUTHENTICATED", PermanentError),
    ],
)
def test_each_status_becomes_the_error_that_says_what_to_do(
    emulator: Emulator, receiver: Receiver, status: str, kind: type[Exception]
) -> None:
    """A second, tiny server speaks the same protocol, and always refuses."""

    async def refusing() -> tuple[grpc.aio.Server, int]:
        async def refuse(_: object, context: grpc.aio.ServicerContext) -> None:
            await context.abort(grpc.StatusCode[status], "no")

        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(
            refuse, types.CreateTaskRequest.deserialize, types.Task.serialize
        )
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "google.cloud.tasks.v2.CloudTasks", {"CreateTask": handler}
                ),
            )
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    server, port = emulator.loop.do(refusing())
    adapter = CloudTasks(settings(emulator, receiver, endpoint=f"127.0.0.1:{port}"))
    with pytest.raises(kind):
        adapter.send_merge(JOB, dispatch=1)
    adapter.close()
    emulator.loop.do(server.stop(None))


def test_an_upload_without_a_generation_can_not_be_ingested(tasks: CloudTasks) -> None:
    with pytest.raises(ValueError, match="generation"):
        tasks.send_ingest(ObjectRef("quire-uploads", "a.pdf"), dispatch=1, job_id=JOB)


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, infra.tasks.cloud_tasks; sys.exit('google.cloud.tasks_v2' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_webhook_is_called_once_for_a_dispatch_and_not_before_its_time(
    tasks: CloudTasks, emulator: Emulator, receiver: Receiver
) -> None:
    delivery = UUID("5b0d9a0e-6a0c-4f0e-9d0f-3f1f6f0c2a11")
    # The adapter counts from its own clock, the emulator from the test's.
    emulator.clock.advance(datetime.now(UTC) - emulator.clock.now())
    tasks.send_webhook(delivery, 1)
    tasks.send_webhook(delivery, 1)
    request = receiver.next()
    assert (request.method, request.path) == ("POST", "/webhook")
    assert json.loads(request.body) == {"delivery_id": str(delivery)}
    tasks.send_webhook(delivery, 2, timedelta(minutes=5))
    until(lambda: emulator.ids(f"{LOCATION}/queues/merge") == [f"webhook-{delivery}-2"])
    emulator.clock.advance(timedelta(minutes=4))
    assert len(receiver.seen) == 1
    emulator.clock.advance(timedelta(minutes=2))
    assert receiver.next().task_id == f"webhook-{delivery}-2"


def test_webhooks_may_have_a_queue_of_their_own(emulator: Emulator, receiver: Receiver) -> None:
    own = emulator.queue("webhooks")
    adapter = CloudTasks(settings(emulator, receiver, webhook_queue=own))
    receiver.hold()
    adapter.send_webhook(UUID("5b0d9a0e-6a0c-4f0e-9d0f-3f1f6f0c2a11"), 1)
    assert len(emulator.ids(own)) == 1
    receiver.release()
    receiver.next()
    adapter.close()
