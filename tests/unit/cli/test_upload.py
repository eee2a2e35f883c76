"""A document's bytes on their way to the API."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from infra.cli.api import Api
from infra.cli.exits import CommandError, Exit, Unreachable, UnusableInput
from infra.cli.source import SourcePdf, source_pdf
from infra.cli.tokens import SelfSigned
from infra.cli.trouble import ApiError
from infra.cli.upload import Uploader
from tests.unit.cli.fixtures import api, brief, listening, nobody, server
from tests.unit.cli.little_api import CUT_OFF, JOB_ID, LittleApi
from tests.unit.cli.little_lists import SECRET, problem

__all__ = ["api", "listening", "server"]

KIB_256 = 256 * 1024


def a_pdf(folder: Path, size: int) -> SourcePdf:
    path = folder / "scan.pdf"
    content = b"%PDF-1.7\n" + bytes(range(251)) * (size // 251 + 1)
    path.write_bytes(content[:size])
    return source_pdf(path)


def in_pieces(api: Api) -> Uploader:
    return Uploader(api, brief, whole_limit=1000, piece_bytes=KIB_256)


def test_a_small_document_goes_in_one_request_with_its_options(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    pdf = a_pdf(tmp_path, 200_000)
    told: list[tuple[int, int]] = []
    sent = Uploader(api, brief).send(pdf, {"pages": "1-2"}, lambda *now: told.append(now))
    assert sent.job_id == JOB_ID
    assert server.posted == [
        {
            "filename": "scan.pdf",
            "content": pdf.path.read_bytes(),
            "content_type": "application/pdf",
            "options": {"pages": "1-2"},
        }
    ]
    assert told[-1] == (200_000, 200_000)
    assert told == sorted(told)


def test_the_token_names_the_owner_and_ends_soon(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    Uploader(api, brief).send(a_pdf(tmp_path, 100), {}, lambda *_: None)
    claims = server.claims[0]
    assert (claims["sub"], claims["role"], claims["aud"]) == (
        "local",
        "authenticated",
        "authenticated",
    )
    assert "exp" in claims


def test_an_api_that_is_busy_is_asked_again(api: Api, server: LittleApi, tmp_path: Path) -> None:
    server.refusals = deque([problem(503, "UNAVAILABLE", "Later."), problem(429, "QUOTA", "Slow")])
    Uploader(api, brief).send(a_pdf(tmp_path, 2000), {}, lambda *_: None)
    content = server.posted[0]["content"]
    assert isinstance(content, bytes)
    assert len(content) == 2000


def test_a_document_that_may_have_been_taken_is_sent_again_with_the_same_key(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    server.refusals = deque([problem(500, "INTERNAL_ERROR", "Broken."), CUT_OFF])
    uploader = Uploader(api, brief)
    uploader.send(a_pdf(tmp_path, 2000), {}, lambda *_: None)
    first, second, third = (headers["idempotency-key"] for headers in server.headers_of_posts)
    assert first == second == third
    assert {headers["prefer"] for headers in server.headers_of_posts} == {"respond-async"}
    content = server.posted[0]["content"]
    assert isinstance(content, bytes)
    assert len(content) == 2000


def test_every_document_has_a_key_of_its_own(api: Api, server: LittleApi, tmp_path: Path) -> None:
    uploader = Uploader(api, brief, whole_limit=1000)
    for size in (500, 500, 1500, 1500):
        server.uploaded.clear()
        uploader.send(a_pdf(tmp_path, size), {}, lambda *_: None)
    keys = {headers["idempotency-key"] for headers in server.headers_of_posts}
    assert len(keys) == 4


def test_a_refusal_is_told_with_the_apis_own_sentence_and_code(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    server.refusals = deque([problem(422, "INVALID_PAGE_RANGE", "Page 9 was asked for.")])
    with pytest.raises(ApiError) as refused:
        Uploader(api, brief).send(a_pdf(tmp_path, 2000), {}, lambda *_: None)
    assert (refused.value.message, refused.value.code) == (
        "Page 9 was asked for.",
        "INVALID_PAGE_RANGE",
    )
    assert refused.value.exit_code == Exit.FAILED


def test_nobody_there_ends_as_unreachable(tmp_path: Path) -> None:
    with (
        nobody() as address,
        Api(address, SelfSigned(SECRET)) as api,
        pytest.raises(Unreachable),
    ):
        Uploader(api, brief).send(a_pdf(tmp_path, 2000), {}, lambda *_: None)


def test_a_large_document_goes_in_pieces_without_the_owners_token(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    pdf = a_pdf(tmp_path, 2 * KIB_256 + 77)
    told: list[tuple[int, int]] = []
    in_pieces(api).send(pdf, {}, lambda *now: told.append(now))
    assert server.posted == [{"filename": "scan.pdf", "size": pdf.size, "options": {}}]
    assert server.spans == [
        f"bytes 0-{KIB_256 - 1}/{pdf.size}",
        f"bytes {KIB_256}-{2 * KIB_256 - 1}/{pdf.size}",
        f"bytes {2 * KIB_256}-{2 * KIB_256 + 76}/{pdf.size}",
    ]
    assert bytes(server.uploaded) == pdf.path.read_bytes()
    assert [sent for sent, _ in told] == [0, KIB_256, 2 * KIB_256, pdf.size]
    assert not any("authorization" in headers for headers in server.headers_at_storage)


@pytest.mark.parametrize(
    "trouble",
    [503, ("lost", 0), ("lost", 1000), ("lost", KIB_256), ("kept", 1000)],
    ids=["refused", "nothing arrived", "part arrived", "answer lost", "part kept"],
)
def test_a_broken_piece_goes_on_where_the_service_says(
    api: Api, server: LittleApi, tmp_path: Path, trouble: int | tuple[str, int]
) -> None:
    pdf = a_pdf(tmp_path, 3 * KIB_256)
    server.pieces = deque([("kept", KIB_256), trouble])
    in_pieces(api).send(pdf, {}, lambda *_: None)
    assert bytes(server.uploaded) == pdf.path.read_bytes()


def test_the_last_pieces_lost_answer_is_asked_for(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    pdf = a_pdf(tmp_path, KIB_256 + 5)
    server.pieces = deque([("kept", KIB_256), ("lost", 5)])
    in_pieces(api).send(pdf, {}, lambda *_: None)
    assert server.spans[-1] == f"bytes */{pdf.size}"
    assert bytes(server.uploaded) == pdf.path.read_bytes()


def test_a_storage_that_keeps_nothing_is_given_up(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    server.pieces = deque([("kept", 0)] * 100)
    with pytest.raises(Unreachable):
        in_pieces(api).send(a_pdf(tmp_path, KIB_256), {}, lambda *_: None)


def test_an_upload_that_has_ended_is_not_tried_for_ever(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    server.pieces = deque([410])
    with pytest.raises(CommandError) as refused:
        in_pieces(api).send(a_pdf(tmp_path, KIB_256), {}, lambda *_: None)
    assert refused.value.code == "UPLOAD_REFUSED"


def test_a_file_that_shrinks_on_the_way_is_told(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    pdf = a_pdf(tmp_path, 2 * KIB_256)

    def shrink(sent: int, _size: int) -> None:
        if sent == KIB_256:
            with pdf.path.open("r+b") as file:
                file.truncate(KIB_256 + 10)

    with pytest.raises(UnusableInput, match="became shorter"):
        in_pieces(api).send(pdf, {}, shrink)
