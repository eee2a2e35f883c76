"""What the API says to requests that it can't serve: a problem, with a code and a sentence."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import httpx
import jwt
import pytest
from httpx_sse import connect_sse

from functions.api.patterns import IN_WORDS
from tests.e2e.api_requests import (
    FILE_PART,
    MULTIPART,
    TINY_PDF,
    announced,
    in_parts,
    options_part,
    refused,
    sent,
    told,
)
from tests.e2e.openapi_walk import document_of, operations
from tests.e2e.quire_client import QuireClient

# ── strings ──────────────────────────────────────────────────────────────────────────────────


def test_a_password_with_nul_is_refused_by_name_and_not_repeated(quire: QuireClient) -> None:
    answer = announced(quire, options={"password": "open\0sesame"})
    detail = refused(answer, 422, "INVALID_REQUEST")
    assert detail.startswith("`options.password` must be ")
    assert "sesame" not in answer.text
    answer = sent(quire, in_parts(FILE_PART, options_part({"password": "open\0sesame"})))
    assert refused(answer, 422, "INVALID_REQUEST") == detail


def test_nul_and_other_oddities_are_taken_out_of_a_files_name(quire: QuireClient) -> None:
    answer = announced(quire, filename="C:\\papers/re\0port.pdf")
    assert quire.job(answer.json()["job_id"])["filename"] == "report.pdf"
    answer = announced(quire, filename="papers/")
    assert quire.job(answer.json()["job_id"])["filename"] == "document.pdf"


def test_a_name_that_is_no_text_in_any_encoding_is_still_a_name(
    quire: QuireClient, tmp_path: Path
) -> None:
    disposition = 'form-data; name="file"; filename="a\\ud800.pdf"'
    body = in_parts((disposition, TINY_PDF))
    answer = sent(quire, body, f"{MULTIPART}; charset=unicode_escape")
    assert answer.status_code == 202, answer.text
    assert quire.job(answer.json()["job_id"])["filename"] == "a?.pdf"


@pytest.mark.parametrize(
    "body",
    [
        b'{"filename": "caf\xe9.pdf", "size": 9}',
        b'{"filename": "\\ud800.pdf", "size": 9}',
        b'{"filename": "a.pdf", "size": 9',
        b"",
    ],
)
def test_what_is_not_json_in_utf_8_is_refused(quire: QuireClient, body: bytes) -> None:
    detail = refused(sent(quire, body, "application/json"), 400, "INVALID_REQUEST")
    assert detail == "The body is not JSON in UTF-8."


@pytest.mark.parametrize("charset", ["utf-8", "unicode_escape", "idna"])
def test_options_that_are_not_json_in_utf_8_are_refused(quire: QuireClient, charset: str) -> None:
    options = ('form-data; name="options"', b'{"pages": "\xff\\ud800"')
    answer = sent(quire, in_parts(FILE_PART, options), f"{MULTIPART}; charset={charset}")
    refused(answer, 400, answer.json()["code"])
    assert answer.json()["code"] in {"INVALID_REQUEST", "MALFORMED_MULTIPART"}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"size": "large"}, "`size` must be "),
        ({"size": None}, "`size` must be "),
        ({"filename": ""}, "`filename` must be "),
        ({"colour": "red"}, "The body must be "),
        ({"options": []}, "`options` must be "),
        ({"options": {"colour": "red"}}, "`options` must be "),
        ({"options": {"pages": 7}}, "`options.pages` must be "),
        ({"options": {"languages": ["en", "klingon!"]}}, "`options.languages` must be "),
        ({"options": {"languages": ["en\n"]}}, "`options.languages` must be "),
        ({"options": {"chunk_pages": "all"}}, "`options.chunk_pages` must be "),
    ],
)
def test_a_field_that_does_not_fit_is_named_in_our_own_words(
    quire: QuireClient, changes: dict[str, object], place: str
) -> None:
    detail = refused(announced(quire, **changes), 422, "INVALID_REQUEST")
    assert detail.startswith(place)
    assert "regex" not in detail
    assert "Expected" not in detail
    assert "$" not in detail


def test_options_beside_a_file_are_named_the_same_way(quire: QuireClient) -> None:
    answer = sent(quire, in_parts(FILE_PART, options_part({"pages": 7})))
    assert refused(answer, 422, "INVALID_REQUEST").startswith("`options.pages` must be ")
    answer = sent(quire, in_parts(FILE_PART, options_part([])))
    assert refused(answer, 422, "INVALID_REQUEST").startswith("`options` must be ")


@pytest.mark.parametrize("owner", ["", " ", "al\0ice", "\ud800", "a" * 3000])
def test_a_token_whose_subject_is_no_name_is_not_valid(quire: QuireClient, owner: str) -> None:
    with QuireClient(quire.stack, owner=owner) as nobody:
        for answer in (announced(nobody), nobody.http.get(f"/v1/jobs/{uuid4()}")):
            refused(answer, 401, "UNAUTHORIZED")
            assert answer.headers["www-authenticate"] == "Bearer"


def test_tokens_that_are_none_are_refused(quire: QuireClient) -> None:
    secret = quire.stack.environment["SUPABASE__JWT_SECRET"]
    claims = {"sub": "alice", "aud": "authenticated", "exp": time.time() + 60}
    for token in (
        "é",
        "a.b.c",
        jwt.encode({**claims, "exp": time.time() - 60}, secret, algorithm="HS256"),
        jwt.encode({**claims, "aud": "anybody"}, secret, algorithm="HS256"),
        jwt.encode(claims, "not the secret, but as long as one", algorithm="HS256"),
    ):
        answer = httpx.get(
            f"{quire.stack.endpoints['api']}/v1/jobs/{uuid4()}",
            headers={b"Authorization": b"Bearer " + token.encode("latin-1")},
        )
        refused(answer, 401, "UNAUTHORIZED")


# ── addresses ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/v1", "/v1/books", "/v1/jobs/%00/x", "/é", "/a%0Ab"])
def test_an_address_that_is_none_is_a_problem(quire: QuireClient, path: str) -> None:
    refused(quire.http.get(path), 404, "NOT_FOUND")


def test_a_method_that_an_address_does_not_take_is_named_beside_those_it_takes(
    quire: QuireClient,
) -> None:
    answer = quire.http.delete("/v1/documents")
    assert refused(answer, 405, "METHOD_NOT_ALLOWED") == "DELETE is not for this address; use POST."
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["", "/events", "/result"])
def test_a_job_id_that_is_none_is_a_problem(quire: QuireClient, path: str) -> None:
    answer = quire.http.get(f"/v1/jobs/seven{path}")
    assert refused(answer, 422, "INVALID_REQUEST") == "`job_id` must be a UUID."
    assert refused(quire.http.get(f"/v1/jobs/{uuid4()}{path}"), 404, "JOB_NOT_FOUND")


def test_a_form_of_result_that_there_is_not_is_named_beside_those_there_are(
    quire: QuireClient,
) -> None:
    answer = quire.http.get(f"/v1/jobs/{uuid4()}/result?format=docx")
    assert refused(answer, 422, "INVALID_REQUEST") == "`format` must be 'json' or 'text'."


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────


def test_a_result_is_refused_by_what_the_job_is(quire: QuireClient) -> None:
    job_id = announced(quire).json()["job_id"]
    url = f"/v1/jobs/{job_id}/result"
    assert "Ask again later" in refused(quire.http.get(url), 409, "JOB_NOT_FINISHED")
    cancel(quire, job_id)
    detail = refused(quire.http.get(url), 409, "JOB_CANCELLED")
    assert detail == "The job was cancelled and has no result."


@pytest.mark.parametrize("known", ["", "x", "-1", "1.0", "٣", "9" * 10, "9" * 30, "9" * 5000])
def test_an_event_number_that_was_never_given_is_ignored(quire: QuireClient, known: str) -> None:
    job_id = announced(quire).json()["job_id"]
    cancel(quire, job_id)
    headers = {b"Last-Event-ID": known.encode()}
    answer = quire.http.get(f"/v1/jobs/{job_id}/events", headers=headers)
    assert answer.status_code == 200, answer.text
    assert "event: job_created" in answer.text
    assert "event: end" in answer.text


def test_the_events_of_a_job_that_is_deleted_meanwhile_end_quietly(quire: QuireClient) -> None:
    job_id = announced(quire).json()["job_id"]
    with connect_sse(quire.http, "GET", f"/v1/jobs/{job_id}/events") as source:
        events = told(source)
        assert next(events).event == "job_created"
        quire.rows(
            "DELETE FROM documents WHERE id = (SELECT document_id FROM jobs WHERE id = %s)", job_id
        )
        assert list(events) == []


def cancel(quire: QuireClient, job_id: str) -> None:
    quire.rows("UPDATE jobs SET status = 'cancelled', finished_at = now() WHERE id = %s", job_id)


# ── headers ──────────────────────────────────────────────────────────────────────────────────


def test_no_answer_is_taken_for_another_kind_than_it_says(quire: QuireClient) -> None:
    job_id = announced(quire).json()["job_id"]
    for path in (
        "/",
        "/openapi.json",
        "/healthz",
        "/v1/jobs",
        f"/v1/jobs/{job_id}",
        f"/v1/jobs/{uuid4()}",
        "/v1/admin/jobs",
        "/nowhere",
    ):
        answer = quire.http.get(path)
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"], path
    quire.act(job_id, "cancel")
    with connect_sse(quire.http, "GET", f"/v1/jobs/{job_id}/events") as source:
        assert source.response.headers["x-content-type-options"] == "nosniff"
    del quire.http.headers["Authorization"]
    assert quire.http.get("/v1/jobs").headers["x-content-type-options"] == "nosniff"


def test_a_key_or_a_cursor_that_is_none_is_told_what_it_is_made_of(quire: QuireClient) -> None:
    headers = {"Idempotency-Key": "a b"}
    answer = quire.http.post("/v1/documents", json={}, headers=headers)
    assert refused(answer, 422, "INVALID_REQUEST") == (
        "`Idempotency-Key` must be a text of visible ASCII characters, without spaces."
    )
    answer = quire.http.get("/v1/jobs", params={"cursor": "x"})
    assert refused(answer, 422, "INVALID_REQUEST") == (
        "`cursor` must be the `next_cursor` of a page before: 46 characters of 0-9 and a-f."
    )
    answer = quire.http.get(f"/v1/jobs/{uuid4()}/chunks", params={"cursor": "x"})
    assert refused(answer, 422, "INVALID_REQUEST") == (
        "`cursor` must be the `next_cursor` of a page before: 1 to 9 digits."
    )


def test_every_form_that_a_parameter_must_have_is_told_in_words(quire: QuireClient) -> None:
    patterns = {
        form["pattern"]
        for route in operations(document_of(quire.http))
        for parameter in route.description.get("parameters", [])
        for form in (parameter["schema"], *parameter["schema"].get("anyOf", []))
        if "pattern" in form
    }
    assert len(patterns) > 3
    assert patterns <= set(IN_WORDS)
