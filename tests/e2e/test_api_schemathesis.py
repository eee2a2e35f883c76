"""Schemathesis, all of its checks, over the whole document of a running stack.

`QUIRE_SCHEMATHESIS_CASES=150` is for a long run: so many cases an operation, some thousands in
all, with another seed each time. Without it the run is short and always the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from infra.local.home import ROOT, Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text

CASES = int(os.environ.get("QUIRE_SCHEMATHESIS_CASES", "0"))

#: What may answer a request that the document does not allow; a size above it is a 413.
REFUSALS = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429, 503]


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Hundreds of odd jobs are nothing that other tests should wait behind."""
    home = Home(tmp_path_factory.mktemp("odd"))
    with Stack(home, options=StackOptions(workers=2, page_limit=1000)) as stack:
        yield stack


@pytest.mark.timeout(3600 if CASES else 600)
def test_no_request_finds_an_answer_that_the_document_does_not_promise(
    own_stack: Stack, tmp_path: Path
) -> None:
    path = tmp_path / "known.pdf"
    write_born_digital(path, [page_text(number) for number in (1, 2)])
    with QuireClient(own_stack) as quire:
        job = quire.wait(quire.submit(path, stages=["passages"]))
    claims = {
        "sub": "alice",
        "aud": "authenticated",
        "exp": time.time() + 7200,
        "app_metadata": {"role": "admin"},
    }
    token = jwt.encode(claims, own_stack.environment["SUPABASE__JWT_SECRET"], algorithm="HS256")
    amount = [f"--max-examples={CASES or 4}"] + ([] if CASES else ["--seed=1"])
    (tmp_path / "schemathesis.toml").write_text(
        f"[checks.negative_data_rejection]\nexpected-statuses = {REFUSALS}\n"
    )
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"{own_stack.endpoints['api']}/openapi.json",
            f"--header=Authorization: Bearer {token}",
            *("--checks=all", "--phases=examples,coverage,fuzzing,stateful"),
            # One thread: two that ask for lambdas' sources at once can break CPython's parser
            # (SystemError, python/cpython#106905, in 3.11 before 3.11.8).
            *("--generation-database=none", "--no-color", "--workers=1"),
            "--continue-on-failure",
            *amount,
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.e2e.schemathesis_hooks",
            "QUIRE_KNOWN_JOB": job["job_id"],
            "QUIRE_KNOWN_DOCUMENT": job["document_id"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    print(ended.stdout)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    with QuireClient(own_stack) as quire:
        # After all of it the stack does what it is there for.
        assert quire.wait(quire.submit(path))["status"] == "completed"
