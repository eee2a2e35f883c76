"""What the pipeline sees of Supabase Storage, through Supabase's client."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from storage3 import SyncStorageClient

from common.errors import MisconfiguredError, NotFound, PermanentError, TransientError
from common.log_context import logging_for
from infra.log_lines import line_of
from infra.logs import JsonFormatter
from infra.settings import SupabaseSettings
from infra.storage.supabase import SupabaseStorage
from tests.contract.storage_fixtures import (
    JWT_SECRET,
    SERVICE_KEY,
    listening_socket,
    serving,
    storage_pair,
    supabase,
    supabase_url,
    url_of,
)

__all__ = ["storage_pair", "supabase", "supabase_url"]

THEIRS = "not for users"


def results_at(url: str, *, key: str = SERVICE_KEY) -> SupabaseStorage:
    settings = SupabaseSettings(url=url, service_key=key, jwt_secret=JWT_SECRET)
    return SupabaseStorage(settings, retry_seconds=0.2)


@pytest.fixture
def results(supabase_url: str, supabase: SyncStorageClient) -> Iterator[SupabaseStorage]:
    """The adapter on an emulator whose results bucket takes 1,000 bytes of JSON or of text."""
    supabase.create_bucket("ocr-chunks")
    supabase.create_bucket(
        "ocr-results",
        options={
            "file_size_limit": 1000,
            "allowed_mime_types": ["application/json", "text/plain"],
        },
    )
    with closing(results_at(supabase_url)) as results:
        yield results


def a_file(content: bytes) -> BinaryIO:
    return io.BufferedReader(io.BytesIO(content))


def ways_to_fail(results: SupabaseStorage) -> list[Callable[[], object]]:
    return [
        lambda: results.write_chunk("a.json", b"{}"),
        lambda: results.read_chunk("a.json"),
        lambda: results.write_result("a.json", a_file(b"{}"), "application/json"),
        lambda: results.write_small("a.json", b"{}", "application/json"),
        lambda: results.link("a.json", seconds=60, filename="a.json"),
    ]


@contextmanager
def answering(status: int, *, by_gateway: bool = False) -> Iterator[str]:
    """Serve Supabase's way to say that a request ends with this status, or who's in front of it."""

    async def refuse(_: Request) -> Response:
        if by_gateway:
            return Response(f"<h1>{THEIRS}</h1>", status_code=status)
        error = {"statusCode": str(status), "error": "Refused", "message": THEIRS}
        return JSONResponse(error, status_code=status)

    routes = [Route("/{path:path}", refuse, methods=["GET", "POST", "PUT"])]
    with listening_socket() as bound, serving(Starlette(routes=routes), bound):
        yield url_of(bound)


def test_a_result_that_is_sent_twice_is_the_first(results: SupabaseStorage) -> None:
    results.write_chunk("a.json", b"1")
    results.write_chunk("a.json", b"2")
    assert results.read_chunk("a.json") == b"1"


def in_pieces(results: SupabaseStorage, name: str, content: bytes, content_type: str) -> None:
    results.write_result(name, a_file(content), content_type)


def at_once(results: SupabaseStorage, name: str, content: bytes, content_type: str) -> None:
    results.write_small(name, content, content_type)


Write = Callable[[SupabaseStorage, str, bytes, str], None]
both_ways = pytest.mark.parametrize("write", [in_pieces, at_once])


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8"])
def test_a_result_from_memory_is_stored_as_one_from_a_file_is(
    results: SupabaseStorage, supabase: SyncStorageClient, content_type: str
) -> None:
    in_pieces(results, "a/file", b"{}", content_type)
    at_once(results, "a/memory", b"{}", content_type)
    bucket = supabase.from_("ocr-results")
    file, memory = (bucket.info(f"a/{name}") for name in ("file", "memory"))
    for own in ("id", "name", "version", "created_at", "last_modified"):
        del file[own], memory[own]
    assert memory == file
    assert bucket.download("a/memory") == b"{}"


@both_ways
def test_a_result_above_the_buckets_limit_is_too_large(
    results: SupabaseStorage, write: Write
) -> None:
    with pytest.raises(PermanentError) as raised:
        write(results, "a.json", bytes(1001), "application/json")
    assert raised.value.code == "RESULT_TOO_LARGE"
    assert "limit" in raised.value.message


@both_ways
def test_a_kind_of_result_that_the_bucket_does_not_take_is_refused(
    results: SupabaseStorage, write: Write
) -> None:
    with pytest.raises(PermanentError) as raised:
        write(results, "a.csv", b"a", "text/csv")
    assert raised.value.code == "RESULTS_REFUSED"
    assert "mime" not in raised.value.message


def test_a_result_that_is_gone_is_not_found(results: SupabaseStorage) -> None:
    with pytest.raises(NotFound):
        results.read_chunk("gone.json")
    with pytest.raises(NotFound):
        results.link("gone.json", seconds=60, filename="gone.json")


def test_a_key_that_is_not_the_services_is_an_operators_matter(
    results: SupabaseStorage, supabase_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(results_at(supabase_url, key="not the key")) as stranger:
        with pytest.raises(MisconfiguredError) as raised:
            stranger.write_chunk("a.json", b"{}")
        assert "SUPABASE__SERVICE_KEY" not in raised.value.message
        [told] = [record for record in caplog.records if record.levelname == "ERROR"]
        assert "SUPABASE__SERVICE_KEY" in told.__dict__["detail"]
        assert "not the key" not in JsonFormatter().format(told)
        # Operators read it, the job's owner does not.
        with logging_for(uuid4()):
            assert line_of(told) is None


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, PermanentError, "RESULTS_REFUSED"),
        (401, MisconfiguredError, "SERVICE_MISCONFIGURED"),
        (403, MisconfiguredError, "SERVICE_MISCONFIGURED"),
        (408, TransientError, "RESULTS_UNAVAILABLE"),
        (413, PermanentError, "RESULT_TOO_LARGE"),
        (429, TransientError, "RESULTS_UNAVAILABLE"),
        (503, TransientError, "RESULTS_UNAVAILABLE"),
    ],
)
def test_every_refusal_has_a_code_and_a_sentence_of_ours(
    status: int, error: type[Exception], code: str
) -> None:
    with answering(status) as url, closing(results_at(url)) as results:
        for fail in ways_to_fail(results):
            with pytest.raises((PermanentError, TransientError)) as raised:
                fail()
            assert type(raised.value) is error
            assert raised.value.code == code
            assert THEIRS not in raised.value.message
            assert raised.value.message.endswith(".")


def test_a_gateway_that_says_so_in_its_own_words_is_understood() -> None:
    with answering(503, by_gateway=True) as url, closing(results_at(url)) as results:
        for fail in ways_to_fail(results):
            with pytest.raises(TransientError):
                fail()


def test_a_storage_that_nobody_serves_is_a_transient_error(unused_port: int) -> None:
    with closing(results_at(f"http://127.0.0.1:{unused_port}")) as results:
        for fail in ways_to_fail(results):
            with pytest.raises(TransientError):
                fail()
