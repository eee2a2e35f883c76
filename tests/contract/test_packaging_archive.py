"""What is in the functions' zip, and that its bytes follow from that alone."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.packaging.content import NEVER_DEPLOYED, functions_content
from tests.deployed import REQUIREMENTS, ROOT


def clone(target: Path) -> Path:
    """Copy what the packager reads."""
    target.mkdir(parents=True)
    for name in ("common", "functions", "infra"):
        shutil.copytree(ROOT / name, target / name)
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def packed(root: Path, umask: int = 0o022) -> Path:
    subprocess.run(
        [sys.executable, "-m", "infra.packaging"],
        cwd=root,
        umask=umask,
        check=True,
        capture_output=True,
    )
    return root / "build" / "functions.zip"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(clone(tmp_path_factory.mktemp("packaging") / "quire"))


def test_the_same_files_give_the_same_bytes_wherever_and_whenever_they_lie(
    archive: Path, tmp_path: Path
) -> None:
    other = clone(tmp_path / "elsewhere" / "deep")
    for path in sorted(other.rglob("*"), reverse=True):
        os.utime(path, (1_000_000_000, 1_100_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)

    assert packed(other, umask=0o077).read_bytes() == archive.read_bytes()


def test_packing_again_replaces_the_archive_and_leaves_nothing_beside_it(archive: Path) -> None:
    before = archive.read_bytes()

    packed(archive.parents[1])

    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir()] == ["functions.zip"]


def test_one_changed_byte_gives_other_bytes(archive: Path, tmp_path: Path) -> None:
    other = clone(tmp_path / "quire")
    with (other / "common" / "names.py").open("a") as file:
        file.write("#")

    assert packed(other).read_bytes() != archive.read_bytes()


def test_every_entry_has_one_time_and_mode_and_names_are_sorted(archive: Path) -> None:
    with ZipFile(archive) as file:
        entries = file.infolist()

    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {stat.S_IFREG | 0o644}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


def test_the_platform_finds_its_files_at_the_root(archive: Path) -> None:
    with ZipFile(archive) as file:
        assert file.read("main.py") == (ROOT / "functions" / "main.py").read_bytes()
        assert file.read("requirements.txt") == (REQUIREMENTS / "functions.txt").read_bytes()
        outermost = {name.split("/")[0] for name in file.namelist()}

    assert outermost == {"main.py", "requirements.txt", "common", "functions", "infra"}


def test_nothing_is_deployed_that_only_one_machine_or_the_tests_need(archive: Path) -> None:
    with ZipFile(archive) as file:
        names = file.namelist()

    unwanted = ("infra/local/", "infra/cli/", "infra/packaging/", "infra/requirements/", "tests/")
    assert [name for name in names if name.startswith(unwanted)] == []
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
    assert {Path(name).suffix for name in names} <= {
        *(".py", ".txt"),  # modules, and the requirements
        *(".sql", ".html", ".svg", ".css", ".js"),  # migrations, and the page
    }


def test_the_page_and_the_migrations_are_deployed_whole(archive: Path) -> None:
    kept = {
        path.relative_to(ROOT).as_posix()
        for folder in ("functions/web", "infra/database/migrations")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    with ZipFile(archive) as file:
        assert kept <= set(file.namelist())


def test_what_is_never_deployed_is_what_the_import_rules_forbid() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [rule] = [
        contract
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["name"] == "What is deployed never needs the local stack"
    ]

    forbidden = {name.replace(".", "/") for name in rule["forbidden_modules"]}
    assert forbidden == set(NEVER_DEPLOYED)
    # Every other part of infra keeps to it.
    parts = {
        f"infra.{path.stem}"
        for path in (ROOT / "infra").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert parts - set(rule["forbidden_modules"]) - {"infra.__init__"} == {
        name for name in rule["source_modules"] if name.startswith("infra.")
    }


def test_a_missing_file_is_said_and_nothing_is_packed(tmp_path: Path) -> None:
    root = clone(tmp_path / "quire")
    (root / "functions" / "main.py").unlink()

    with pytest.raises(FileNotFoundError, match=r"main\.py is missing"):
        functions_content(root)
