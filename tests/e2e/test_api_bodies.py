"""Which bodies the API reads, and how far."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest

from functions.api.app import create_app
from functions.bootstrap import Application
from infra.local.stack import Stack
from tests.e2e.api_requests import (
    BOUNDARY,
    FILE_PART,
    MULTIPART,
    TINY_PDF,
    in_parts,
    opened_form,
    options_part,
    refused,
    sent,
)
from tests.e2e.quire_client import QuireClient
from tests.environment import settings_for

MB = 1024 * 1024


def test_a_form_that_never_says_its_length_is_taken_to_32_mb(quire: QuireClient) -> None:
    head, tail = opened_form()

    def chunked(content: int) -> Iterator[bytes]:
        yield head
        yield from (b" " * MB for _ in range(content // MB))
        yield tail

    before = quire.rows("SELECT count(*) FROM documents")
    detail = refused(sent(quire, chunked(32 * MB)), 413, "REQUEST_TOO_LARGE")
    assert "32 MB" in detail
    assert "as JSON" in detail
    assert quire.rows("SELECT count(*) FROM documents") == before
    assert sent(quire, chunked(31 * MB)).status_code == 202


def test_a_form_without_end_is_read_no_further_than_32_mb(stack: Stack) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield opened_form()[0]
        while True:
            read += MB
            yield b" " * MB

    async def answer() -> httpx.Response:
        with QuireClient(stack) as quire:
            headers = {**quire.http.headers, "Content-Type": MULTIPART}
        app = create_app(Application(settings_for(stack)))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), headers=headers) as http:
            return await http.post("http://quire/v1/documents", content=endless())

    refused(asyncio.run(answer()), 413, "REQUEST_TOO_LARGE")
    assert read <= 33 * MB


def test_json_is_read_to_64_kb_and_no_further(quire: QuireClient) -> None:
    body = b'{"filename": "a.pdf", "size": 9}'
    assert sent(quire, body.ljust(64 * 1024), "application/json").status_code == 202
    for content in (body.ljust(64 * 1024 + 1), iter([body, b" " * 64 * 1024])):
        detail = refused(sent(quire, content, "application/json"), 413, "REQUEST_TOO_LARGE")
        assert "64 KB" in detail


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (MULTIPART, b"not a form at all"),
        (MULTIPART, f"--{BOUNDARY}\r\nno header\r\n\r\n".encode()),
        (MULTIPART, in_parts(("form-data", b"%PDF-1.7"))),
        (MULTIPART, in_parts(FILE_PART, FILE_PART)),
        (MULTIPART, in_parts(*[('form-data; name="x"', b"")] * 5)),
        (MULTIPART, in_parts(FILE_PART, ('form-data; name="options"', b" " * 65 * 1024))),
        ("multipart/form-data", in_parts(FILE_PART)),
        (f"{MULTIPART}; charset=undefined", in_parts(FILE_PART)),
    ],
)
def test_a_form_that_can_not_be_read_says_what_a_form_has(
    quire: QuireClient, kind: str, body: bytes
) -> None:
    detail = refused(sent(quire, body, kind), 400, "MALFORMED_MULTIPART")
    assert "`file`" in detail
    assert "`options`" in detail


@pytest.mark.parametrize(
    "body",
    [
        in_parts(options_part({})),
        in_parts(('form-data; name="file"', TINY_PDF)),
        in_parts(FILE_PART).removesuffix(f"--{BOUNDARY}--\r\n".encode()),
        b"",
    ],
)
def test_a_form_without_a_whole_file_is_refused(quire: QuireClient, body: bytes) -> None:
    refused(sent(quire, body), 422, "FILE_MISSING")


def test_other_kinds_of_bodies_are_refused(quire: QuireClient) -> None:
    refused(sent(quire, b"%PDF-1.7", "application/pdf"), 415, "UNSUPPORTED_MEDIA_TYPE")
    refused(quire.http.post("/v1/documents"), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("path", ["jobs/{id}/retry", "batches/{id}/recover", "batches/{id}/warm"])
def test_a_body_that_may_be_absent_is_json_where_there_is_one(
    quire: QuireClient, path: str
) -> None:
    url = f"/v1/{path.format(id=uuid4())}"
    json_kind = {"Content-Type": "application/json"}
    blank = quire.http.post(url, content=b" ", headers=json_kind)
    assert blank.status_code in {400, 422}, blank.text
    assert quire.http.post(url, content=b"", headers=json_kind).status_code == 404
