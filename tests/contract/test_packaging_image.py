"""The image's Dockerfile: what it is built from, and what it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.packaging.content import ONLY_IN_THE_IMAGE, functions_content
from tests.deployed import ROOT
from tests.image import all_of, command, in_context, instructions, lay_out, variables


def test_the_base_is_a_slim_python_of_one_minor_version() -> None:
    assert instructions()[0].word == "FROM"
    [base] = all_of("FROM")
    assert re.fullmatch(r"python:3\.\d+-slim", base)
    # Libraries are compiled where this base keeps them.
    version = base.removeprefix("python:").removesuffix("-slim")
    assert f"/usr/local/lib/python{version}/site-packages" in " ".join(all_of("RUN"))


def test_every_library_is_installed_by_its_hash_and_nothing_else_is_fetched() -> None:
    installs = [part for run in all_of("RUN") for part in run.split(" && ") if "install" in part]

    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert re.findall(r"-r (\S+)", installs[0]) == [
        "infra/requirements/functions.txt",
        "infra/requirements/worker.txt",
    ]
    assert not re.search(r"curl|wget|apt|https?://|ADD", " ".join(all_of("RUN")))
    assert all_of("ADD") == []


def test_it_does_not_run_as_root_and_cannot_change_its_own_code() -> None:
    words = [each.word for each in instructions()]
    [user] = all_of("USER")

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    # What is copied and compiled before belongs to root.
    assert max(index for index, word in enumerate(words) if word in ("COPY", "RUN")) < words.index(
        "USER"
    )
    assert not any("--chown" in rest for rest in all_of("COPY"))


def test_it_runs_celery_itself_so_that_signals_reach_it() -> None:
    assert command()[:4] == ["celery", "-A", "functions.worker", "worker"]
    assert "--pool=prefork" in command()
    assert variables()["REMAP_SIGTERM"] == "SIGQUIT"
    assert all_of("ENTRYPOINT") == []


def test_no_secret_and_no_setting_is_baked_in() -> None:
    assert set(variables()) == {"PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONPATH", "REMAP_SIGTERM"}
    assert all_of("ARG") == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("functions/worker.py", True),
        ("functions/web/index.html", True),
        ("infra/ocr/document_ai.py", True),
        ("infra/database/migrations/0001_initial.sql", True),
        ("infra/requirements/worker.txt", True),
        ("infra/requirements/dev.txt", False),
        ("infra/requirements/terraform.txt", False),
        ("infra/local/stack.py", False),
        ("infra/cli/main.py", False),
        ("infra/packaging/Dockerfile", False),
        ("functions/__pycache__/main.cpython-312.pyc", False),
        ("__pycache__/anything", False),
        ("tests/conftest.py", False),
        (".git/config", False),
        (".quire/secrets.json", False),
        (".env", False),
        ("terraform/environments/prod.tfvars", False),
    ],
)
def test_only_what_the_image_is_made_of_reaches_its_build(name: str, wanted: bool) -> None:
    assert in_context(name) is wanted


def test_the_image_holds_the_functions_the_worker_and_ocr(tmp_path: Path) -> None:
    lay_out(tmp_path)
    there = {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }

    functions = set(functions_content(ROOT)) - {"requirements.txt"}
    assert functions <= there
    more = {name for name in there - functions if not name.startswith(ONLY_IN_THE_IMAGE)}
    assert more == {"infra/requirements/functions.txt", "infra/requirements/worker.txt"}
    assert {"functions/worker.py", "infra/ocr/document_ai.py"} <= there
