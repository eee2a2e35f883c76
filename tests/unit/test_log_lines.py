"""What a job's owner may read of a log record."""

from __future__ import annotations

import json
import logging
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.errors import TransientError
from common.log_context import current, logging_for
from infra.log_lines import LogLine, line_of
from infra.logs import JsonFormatter

JOB = UUID("4b1f6a0e-6c1c-4a43-9a3e-0f6a3d0f5c11")


def record(
    message: str = "chunk is read",
    level: int = logging.INFO,
    name: str = "functions.pipeline.process_chunk",
    error: BaseException | None = None,
    **extra: Any,
) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord(name, level, __file__, 1, message, (), info)
    vars(made).update(extra)
    return made


def test_a_record_belongs_to_the_job_that_it_names() -> None:
    line = line_of(record(job_id=str(JOB), chunk_index=4, attempt=2, seconds=1.5))
    assert line is not None
    assert (line.job_id, line.chunk_index, line.attempt) == (JOB, 4, 2)
    assert (line.level, line.message, line.fields) == ("INFO", "chunk is read", {"seconds": 1.5})


def test_a_record_belongs_to_the_job_whose_work_it_is_said_in() -> None:
    with logging_for(JOB, chunk_index=4, attempt=2):
        line = line_of(record())
        other = line_of(record(job_id=str(uuid4())))
    assert line is not None
    assert (line.job_id, line.chunk_index, line.attempt) == (JOB, 4, 2)
    assert other is not None
    assert (other.chunk_index, other.attempt) == (None, None)
    assert current() is None
    assert line_of(record()) is None


def test_other_libraries_are_heard_from_a_warning_on_and_ours_from_info() -> None:
    with logging_for(JOB):
        assert line_of(record(name="urllib3.connectionpool")) is None
        assert line_of(record(name="urllib3.connectionpool", level=logging.WARNING)) is not None
        assert line_of(record(level=logging.DEBUG)) is None


def test_an_error_of_ours_shows_its_code_and_sentence_but_no_stack() -> None:
    try:
        raise TransientError("Document AI timeout", code="OCR_TIMEOUT") from ValueError("10.0.0.7")
    except TransientError as error:
        line = line_of(record(level=logging.WARNING, error=error, job_id=JOB))
    assert line is not None
    assert line.fields == {
        "error_type": "TransientError",
        "code": "OCR_TIMEOUT",
        "reason": "Document AI timeout",
    }


def test_an_error_that_nobody_knows_shows_its_type_alone() -> None:
    error = RuntimeError("password=hunter2 at /srv/app.py")
    line = line_of(record(level=logging.ERROR, error=error, job_id=JOB))
    assert line is not None
    assert line.fields == {"error_type": "RuntimeError", "code": "PROCESSING_ERROR"}
    assert "hunter2" not in str(line)


@pytest.mark.parametrize(
    "text",
    [
        "GET https://storage.example/o?X-Goog-Signature=hunter2 failed",
        "postgresql://quire:hunter2@db.example/postgres",
        "Authorization: Bearer hunter2",
        "with eyJhbGciOi.eyJzdWIi.hunter2",
        "key qk_hunter2",
        "whsec_hunter2 is wrong",
        "password=hunter2",
        "api_key: hunter2",
        '{"token": "hunter2"}',
    ],
)
def test_what_looks_like_a_secret_is_left_out(text: str) -> None:
    made = record(
        text, level=logging.WARNING, name="urllib3", job_id=JOB, url=text, deep=[{"a": text}]
    )
    line = line_of(made)
    assert line is not None
    assert "hunter2" not in str(line)


@pytest.mark.parametrize("name", ["password", "jwt_secret", "access_token", "api_key", "Cookie"])
def test_a_field_by_a_secrets_name_is_left_out(name: str) -> None:
    extra: dict[str, Any] = {name: "hunter2", "inside": {name: "hunter2"}}
    line = line_of(record(job_id=JOB, **extra))
    assert line is not None
    assert line.fields == {"inside": {}}


def test_odd_values_become_what_the_database_takes() -> None:
    odd: dict[str, Any] = {
        "nul": "a\0b",
        "half": "\ud800",
        "huge": 10**30,
        "nan": float("nan"),
        "many": list(range(1000)),
        "long": "x" * 100_000,
        "thing": object,
    }
    line = line_of(record("a\0\ud800", job_id=JOB, chunk_index=10**12, attempt="two", **odd))
    assert line is not None
    assert (line.message, line.chunk_index, line.attempt) == ("a?", None, None)
    assert line.fields["nul"] == "ab"
    assert line.fields["nan"] == "nan"
    assert len(line.fields["many"]) == 50
    assert len(line.fields["long"]) == 1000
    json.dumps(line.fields, allow_nan=False).encode()


@pytest.mark.parametrize("job_id", ["none", "", 7, None])
def test_a_record_about_no_job_is_no_line(job_id: object) -> None:
    assert line_of(record(job_id=job_id)) is None


def test_the_error_that_ends_the_work_is_told_with_the_job(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[LogLine | None] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(line_of(record))

    handler = Listening()
    logging.getLogger().addHandler(handler)
    try:
        with pytest.raises(ZeroDivisionError), logging_for(JOB):
            _ = 1 / 0
        with pytest.raises(TransientError), logging_for(JOB):
            raise TransientError("away", code="TASKS_UNAVAILABLE")
    finally:
        logging.getLogger().removeHandler(handler)
    levels = [(line.level, line.fields["code"]) for line in seen if line]
    assert levels == [("ERROR", "PROCESSING_ERROR"), ("WARNING", "TASKS_UNAVAILABLE")]


def test_an_operators_line_says_what_the_work_is_about() -> None:
    with logging_for(JOB, chunk_index=4):
        said = json.loads(JsonFormatter().format(record(seconds=2)))
    assert (said["job_id"], said["chunk_index"], said["seconds"]) == (str(JOB), 4, 2)
    assert "attempt" not in said
