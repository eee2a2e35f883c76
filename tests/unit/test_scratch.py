from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from functions.scratch import lasting_folder, scratch_folder, sweep


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not(
    tmp_path: Path,
) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    left = tmp_path / f"quire-split-{dead}-abc123"
    left.mkdir()
    (left / "source.pdf").write_bytes(b"x")
    somebody_elses = tmp_path / "quire-notes"
    somebody_elses.mkdir()
    with scratch_folder("split") as ours:
        assert f"-{os.getpid()}-" in ours.name
        sweep()
        assert ours.exists()
    assert not left.exists()
    assert somebody_elses.exists()
    assert not ours.exists()


def test_a_lasting_folder_lasts_as_long_as_its_process(tmp_path: Path) -> None:
    ours = lasting_folder("pictures")
    sweep()
    assert ours.exists()
    program = (
        "import tempfile, sys\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "from functions.scratch import lasting_folder\n"
        "folder = lasting_folder('pictures')\n"
        "(folder / '1.pdf').write_bytes(b'x')\n"
        "print(folder)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True
    )
    theirs = Path(answer.stdout.strip())
    assert theirs.parent == tmp_path
    assert not theirs.exists()
