"""Has Cloud Tasks call merge and webhook, and ingest again where an event or its work was lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import UUID

from common.errors import PermanentError, QuireError, TransientError
from common.models import JobId, ObjectRef
from common.names import JOB_OF_EVENT
from infra.refusals import misconfigured
from infra.settings import TasksSettings

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPIError
    from google.cloud.tasks_v2 import CloudTasksClient

#: The longest there is: merging or cutting a large document takes minutes.
DISPATCH_DEADLINE: Final = timedelta(minutes=30)
#: Sending a webhook ends in its own time; one that does not is sent again.
WEBHOOK_DEADLINE: Final = timedelta(minutes=6)
#: Of one call to Cloud Tasks itself. What fails is sent again by `maintain`.
TIMEOUT_SECONDS: Final = 10.0

FINALIZED: Final = "google.cloud.storage.object.v1.finalized"


class CloudTasks:
    """Fits `common.ports.Tasks`. Safe to use from several threads; make one after a fork.

    A task's name says what it is for and which dispatch it is, so sending one twice is the same
    as once. Raises TransientError where Cloud Tasks is briefly away, PermanentError where it
    refuses the task.
    """

    def __init__(self, settings: TasksSettings) -> None:
        self._settings = settings

    def send_merge(self, job_id: JobId, dispatch: int) -> None:
        """Have the job's merge called."""
        self._send(
            f"merge-{job_id}-{dispatch}",
            self._settings.merge_url,
            {"Content-Type": "application/json"},
            {"job_id": str(job_id)},
        )

    def send_ingest(self, source: ObjectRef, dispatch: int, job_id: JobId) -> None:
        """Have ingest called for this version of an upload, as Eventarc would, and for this job.

        One upload may have several jobs; only the event of its landing names none.
        """
        if source.generation is None:
            raise ValueError("an upload is ingested by its generation, and this has none")
        self._send(
            f"ingest-{job_id}-{dispatch}",
            self._settings.ingest_url,
            _event_headers(source, event_id=f"{job_id}-{dispatch}")
            | {f"ce-{JOB_OF_EVENT}": str(job_id)},
            {
                "bucket": source.bucket,
                "name": source.name,
                # The JSON interface writes 64-bit numbers as strings.
                "generation": str(source.generation),
            },
        )

    def send_webhook(
        self, delivery_id: UUID, dispatch: int, delay: timedelta = timedelta()
    ) -> None:
        """Have a webhook sent, once `delay` has passed."""
        self._send(
            f"webhook-{delivery_id}-{dispatch}",
            self._settings.webhook_url,
            {"Content-Type": "application/json"},
            {"delivery_id": str(delivery_id)},
            queue=self._settings.webhook_queue,
            deadline=WEBHOOK_DEADLINE,
            delay=delay,
        )

    def ping(self) -> None:
        """Return if the queue of merges is there and may be used."""
        with _translating():
            self._client.get_queue(name=self._settings.queue, retry=None, timeout=2)

    def close(self) -> None:
        """Close the connection, if one was ever opened."""
        if "_client" in vars(self):
            self._client.transport.close()  # type: ignore[no-untyped-call]

    def _send(
        self,
        name: str,
        url: str,
        headers: dict[str, str],
        body: Mapping[str, object],
        *,
        queue: str = "",
        deadline: timedelta = DISPATCH_DEADLINE,
        delay: timedelta = timedelta(),
    ) -> None:
        from google.api_core.exceptions import AlreadyExists

        request: dict[str, Any] = {
            "url": url,
            "headers": headers,
            "body": json.dumps(body).encode(),
        }
        if self._settings.service_account:
            # The function's address is what it expects its token to be for.
            request["oidc_token"] = {
                "service_account_email": self._settings.service_account,
                "audience": url,
            }
        parent = queue or self._settings.queue
        task: dict[str, Any] = {
            "name": f"{parent}/tasks/{name}",
            "http_request": request,
            "dispatch_deadline": deadline,
        }
        if delay:
            task["schedule_time"] = datetime.now(UTC) + delay
        with _translating(), suppress(AlreadyExists):
            self._client.create_task(
                request={"parent": parent, "task": task},
                # Failing fast beats waiting inside: the row is committed, `maintain` sends again.
                retry=None,
                timeout=TIMEOUT_SECONDS,
            )

    @cached_property
    def _client(self) -> CloudTasksClient:
        return client(self._settings)


def client(settings: TasksSettings) -> CloudTasksClient:
    """Return Google's client: with this process's credentials, or plain for an emulator."""
    import grpc
    from google.cloud.tasks_v2 import CloudTasksClient
    from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

    if settings.insecure:
        channel = grpc.insecure_channel(settings.endpoint)
        return CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
    if settings.endpoint:
        return CloudTasksClient(client_options={"api_endpoint": settings.endpoint})
    return CloudTasksClient()


def _event_headers(source: ObjectRef, *, event_id: str) -> dict[str, str]:
    """Return the attributes of Eventarc's event for a finished upload, in binary mode."""
    return {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": FINALIZED,
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{source.bucket}",
        # Headers are ASCII: CloudEvents' HTTP binding has everything else percent-encoded.
        "ce-subject": "objects/" + quote(source.name, safe="!#$&'()*+,/:;<=>?@[\\]^`{|}~"),
        "ce-time": datetime.now(UTC).isoformat(),
        "ce-bucket": source.bucket,
    }


@contextmanager
def _translating() -> Iterator[None]:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except GoogleAPIError as error:
        raise _translated(error) from error
    except GoogleAuthError as error:
        if error.retryable:
            raise TransientError(
                "Logging in to Cloud Tasks failed for now.", code="TASKS_UNAVAILABLE"
            ) from error
        raise misconfigured(
            "Cloud Tasks can't be used with this process's credentials.", code="TASKS_REFUSED"
        ) from error


def _translated(error: GoogleAPIError) -> QuireError:
    """Return our error for the library's, by whether trying again could help."""
    from google.api_core import exceptions as google

    passing = (
        google.ServerError,  # UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, UNKNOWN
        google.TooManyRequests,  # RESOURCE_EXHAUSTED
        google.Aborted,
        google.Cancelled,
        google.RetryError,
    )
    if isinstance(error, passing) and not isinstance(error, google.MethodNotImplemented):
        return TransientError("Cloud Tasks is away for now.", code="TASKS_UNAVAILABLE")
    if isinstance(error, google.Unauthorized | google.Forbidden | google.NotFound):
        return misconfigured(
            "Cloud Tasks refuses its queue to this process: check the queues' names and the "
            "roles of its service account.",
            code="TASKS_REFUSED",
        )
    return PermanentError("Cloud Tasks refused the task.", code="TASKS_REFUSED")
