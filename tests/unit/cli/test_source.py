"""What may be read, told before anything is started for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.cli.exits import Exit, UnusableInput
from infra.cli.source import SourcePdf, source_pdf


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_pdf_is_taken_with_its_size(tmp_path: Path) -> None:
    pdf = source_pdf(write(tmp_path / "scan.pdf", b"%PDF-1.7\n..."))
    assert (pdf.filename, pdf.stem, pdf.size) == ("scan.pdf", "scan", 12)


def test_the_mark_may_stand_up_to_1024_bytes_into_the_file(tmp_path: Path) -> None:
    assert source_pdf(write(tmp_path / "a.pdf", b"\n" * 1019 + b"%PDF-")).size == 1024
    with pytest.raises(UnusableInput):
        source_pdf(write(tmp_path / "b.pdf", b"\n" * 1020 + b"%PDF-1.7"))


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "EMPTY_FILE"), (b"PK\x03\x04 a zip", "NOT_A_PDF")]
)
def test_what_is_no_pdf_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    path = write(tmp_path / "letter.pdf", content)
    with pytest.raises(UnusableInput) as refused:
        source_pdf(path)
    assert refused.value.code == code
    assert refused.value.exit_code == Exit.USAGE
    assert "letter.pdf" in refused.value.message


def test_a_missing_file_a_folder_and_a_pipe_are_told_apart(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    codes = {}
    for path in (tmp_path / "gone.pdf", tmp_path, tmp_path / "pipe", tmp_path / ("x" * 400)):
        with pytest.raises(UnusableInput) as refused:
            source_pdf(path)
        codes[path.name] = refused.value.code
    assert list(codes.values()) == [
        "NO_SUCH_FILE",
        "NOT_A_FILE",
        "NOT_A_FILE",
        "UNREADABLE_FILE",
    ]


def test_a_name_that_is_no_text_is_still_sent_as_text() -> None:
    name = os.fsdecode(b"caf\xe9.pdf")
    assert SourcePdf(Path(name), 10).filename == "caf?.pdf"


@pytest.mark.parametrize(("name", "stem"), [("..pdf", "document"), ("a\nb.pdf", "a_b")])
def test_a_results_folder_is_never_hidden_or_empty(name: str, stem: str) -> None:
    assert SourcePdf(Path(name), 10).stem == stem
