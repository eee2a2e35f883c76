"""What may pass and what is for good: a verdict on every code that can end a page or a job."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from google.api.error_reason_pb2 import ErrorReason  # type: ignore[import-untyped]

from common import errors
from common.controls import HOPELESS
from common.models import JobId, Priority
from common.pages import PageRange
from common.recovery import (
    LASTING,
    PASSING,
    REFUSED,
    FailedJob,
    FailedPages,
    Remedy,
    Skipped,
    Strategy,
    above,
    may_pass,
    remedy,
    skipped_pages,
)
from infra.ocr.errors import _OPERATOR, _SENTENCES, _UNREADABLE
from infra.pdf.engine import Reason

ROOT = Path(__file__).parents[2]
#: Where an error may be raised that ends a page, a chunk or a job.
WORK = ("common/merging.py", "common/pages.py", "functions/pipeline",
        "functions/scratch.py", "infra/broker", "infra/ocr", "infra/pdf", "infra/storage",
        "infra/tasks")  # fmt: skip
#: Codes there that answer a caller, or end a webhook's try; no job is ever recorded with them.
ANSWERS = frozenset(
    {"JOB_NOT_FOUND", "JOB_CHANGED", "JOB_ENDED", "BATCH_NOT_FOUND", "BATCH_CHANGED"}
    | {"BATCH_ENDED", "NOTHING_TO_RECOVER", "JOB_NOT_ENDED", "JOB_CANCELLED"}
    | {"NO_RESULT", "JOB_FAILED"}
    | {"NOTHING_TO_WARM", "CACHE_DISABLED", "PICTURE_UNAVAILABLE", "PICTURES_BUSY"}
    | {"DELIVERY_INTERRUPTED", "LEASE_LOST", "CONFLICT", "NOT_FOUND", "INVALID_REQUEST"}
)
CODE = re.compile(r"[A-Z]{2,}(_[A-Z]+)+")


def raised_codes() -> Iterator[tuple[str, str]]:
    """Yield each text that is given as an error's code, and where."""
    for place in WORK:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text())):
                for text in _codes_in(node):
                    yield text, f"{file.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]


def _codes_in(node: ast.AST) -> list[str]:
    given: ast.expr | None = None
    if isinstance(node, ast.keyword) and node.arg == "code":
        given = node.value
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {part.id for target in targets for part in ast.walk(target)
                 if isinstance(part, ast.Name)}  # fmt: skip
        if names & {"code", "default_code"}:
            given = node.value
    if given is None:
        return []
    return [
        part.value
        for part in ast.walk(given)
        if isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and CODE.fullmatch(part.value)
    ]


def written_codes() -> Iterator[tuple[str, str]]:
    """Yield each code that a statement itself writes, and where."""
    for file in sorted((ROOT / "infra/database").rglob("*.py")):
        for match in re.finditer(r"error_code = '([A-Z_]+)'|'code', '([A-Z_]+)'", file.read_text()):
            yield match[1] or match[2], str(file.relative_to(ROOT))


def known() -> set[str]:
    return {*PASSING, *LASTING, *ANSWERS}


def test_every_code_that_the_work_raises_or_writes_has_a_verdict() -> None:
    found = [*raised_codes(), *written_codes()]
    assert len(found) > 20, "the search itself finds nothing any more"
    assert [(code, place) for code, place in found if code not in known()] == []


def test_every_error_of_ours_has_a_verdict_where_nobody_gives_a_finer_code() -> None:
    ours = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert {kind.default_code for kind in ours if issubclass(kind, errors.QuireError)} <= known()


def test_every_refusal_of_document_ai_and_of_the_cutter_has_a_verdict() -> None:
    refusals = {*_SENTENCES, *_UNREADABLE.values(), *(reason.value for reason in Reason)}
    assert refusals - set(LASTING) == set()
    assert {f"DOCUMENT_AI_{status}" for status in _OPERATOR} - set(PASSING) == set()


def test_whatever_google_refuses_a_deployment_may_be_mended() -> None:
    emulators_only = {"ERROR_REASON_UNSPECIFIED", "EMULATOR_QUOTA_EXCEEDED"}
    assert set(ErrorReason.keys()) - emulators_only - set(PASSING) == set()


@pytest.mark.parametrize("kind", [errors.TransientError, errors.QuotaError])
def test_what_is_tried_again_by_itself_may_pass(kind: type[errors.QuireError]) -> None:
    assert may_pass(kind.default_code)


def test_no_code_has_two_verdicts_and_each_says_why() -> None:
    assert set(PASSING) & set(LASTING) == set()
    assert all(reason.endswith(".") for reason in [*PASSING.values(), *LASTING.values()])


def test_what_a_retry_refuses_is_for_good_and_said_once() -> None:
    assert set(REFUSED) == HOPELESS
    assert set(LASTING) >= HOPELESS


def test_what_nobody_knows_is_not_tried_by_itself() -> None:
    assert not may_pass("NEVER_HEARD_OF")


def test_a_recovery_is_one_class_above_its_original() -> None:
    assert [above(each) for each in (Priority.LOW, Priority.NORMAL, Priority.HIGH)] == [
        Priority.NORMAL,
        Priority.HIGH,
        Priority.HIGH,
    ]


def failed(**changes: object) -> FailedJob:
    values: dict[str, object] = {
        "id": JobId(UUID(int=1)),
        "document_id": UUID(int=2),
        "filename": "book.pdf",
        "has_landed": True,
        "has_source": True,
        "is_cleaned": False,
        "code": None,
        "message": None,
        "failed_pages": 3,
        "taken_chunks": 1,
        "is_hopeless": False,
    }
    return FailedJob(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "selective", "everything"),
    [
        ({}, Remedy.RETRY, Remedy.RETRY),
        ({"is_cleaned": True}, Remedy.RERUN, Remedy.RERUN),
        ({"is_cleaned": True, "has_source": False}, "JOB_CLEANED_UP", "JOB_CLEANED_UP"),
        ({"has_landed": False}, "UPLOAD_MISSING", "UPLOAD_MISSING"),
        ({"code": "TASK_TIMEOUT"}, Remedy.RETRY, Remedy.RETRY),
        ({"code": "PASSWORD_REQUIRED"}, "PASSWORD_REQUIRED", Remedy.RETRY),
        ({"code": "NEVER_HEARD_OF"}, "NEVER_HEARD_OF", Remedy.RETRY),
        ({"code": "NOT_A_PDF"}, "NOT_A_PDF", "NOT_A_PDF"),
        ({"failed_pages": 0, "taken_chunks": 0}, "FILE_DAMAGED", "FILE_DAMAGED"),
        # Its pages say why, each for itself.
        ({"taken_chunks": 0}, None, None),
        ({"is_hopeless": True}, Remedy.RETRY, None),
    ],
)
def test_a_document_is_read_again_in_its_job_or_anew_or_named(
    changes: dict[str, object], selective: object, everything: object
) -> None:
    for strategy, expected in ((Strategy.SELECTIVE, selective), (Strategy.ALL, everything)):
        found = remedy(failed(**changes), strategy)
        assert (found.code if isinstance(found, Skipped) else found) == expected
        if isinstance(found, Skipped):
            assert found.pages is None
            assert found.message.endswith(".")


def test_pages_that_are_left_alone_are_named_together_for_each_reason() -> None:
    job = failed()

    def pages(first: int, last: int, code: str) -> FailedPages:
        return FailedPages(job.id, PageRange(first, last), code, f"It is {code}.")

    left = [pages(3, 3, "A"), pages(4, 4, "A"), pages(5, 5, "B"), pages(9, 12, "A")]
    assert [
        (each.pages, each.code, each.message) for each in skipped_pages({job.id: job}, left)
    ] == [("3-4,9-12", "A", "It is A."), ("5", "B", "It is B.")]
