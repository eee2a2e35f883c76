"""Files that can't be cut end with a code and a sentence; damaged ones are cut and say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import PermanentError
from common.pages import PageRange
from infra.pdf.cutter import Cutter
from tests import pdfs
from tests.contract.cutting_fixtures import texts
from tests.pdfs import page_text


def refusal(source: Path, password: str | None = None) -> PermanentError:
    with pytest.raises(PermanentError) as raised, Cutter().open(source, password):
        pass
    return raised.value


@pytest.mark.parametrize("strength", [3, 4, 6])
def test_a_password_is_asked_for_and_checked(strength: int, tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_encrypted(source, user="secret", strength=strength)
    missing, wrong = refusal(source), refusal(source, "guess")
    assert missing.code == "PASSWORD_REQUIRED"
    assert wrong.code == "PASSWORD_WRONG"
    assert "password" in missing.message
    assert "guess" not in wrong.message
    with Cutter().open(source, "secret") as document:
        document.cut(PageRange(2, 3), chunk)
    assert texts(chunk)[0].startswith("Page two")


def test_an_owners_password_opens_too(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_encrypted(source, user="secret", owner="own")
    with Cutter().open(source, "own") as document:
        assert document.page_count == 3


@pytest.mark.parametrize("password", [None, "", "not needed"])
def test_a_file_locked_only_against_changes_needs_no_password(
    password: str | None, tmp_path: Path
) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_encrypted(source)
    with Cutter().open(source, password) as document:
        assert document.page_count == 3
        assert not document.warnings


@pytest.mark.parametrize(
    "content", [b"", b"%", b"<html>not a PDF</html>", b"PK\x03\x04" + b"\0" * 2000 + b"%PDF-1.4"]
)
def test_another_kind_of_file_is_not_a_pdf(content: bytes, tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    source.write_bytes(content)
    assert refusal(source).code == "NOT_A_PDF"


def test_junk_before_the_header_is_forgiven(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_born_digital(source, [page_text(1)])
    source.write_bytes(b"HTTP/1.1 200 OK\r\n\r\n" + source.read_bytes())
    with Cutter().open(source, None) as document:
        assert document.page_count == 1


def test_a_missing_file_is_no_fault_of_the_documents(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), Cutter().open(tmp_path / "gone.pdf", None):
        pass


def test_a_sound_file_warns_of_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_mixed(source, 6, 3)
    with Cutter().open(source, None) as document:
        document.cut(PageRange(1, 6), tmp_path / "chunk.pdf")
        assert document.warnings == ()


def test_a_lost_end_is_a_warning(tmp_path: Path) -> None:
    source, chunk = tmp_path / "source.pdf", tmp_path / "chunk.pdf"
    pdfs.write_born_digital(source, [page_text(number) for number in range(1, 9)])
    source.write_bytes(source.read_bytes()[:-40])
    with Cutter().open(source, None) as document:
        assert document.page_count == 8
        document.cut(PageRange(8, 8), chunk)
        assert "end is missing" in document.warnings[0]
        assert "damaged" in document.warnings[1]
    assert texts(chunk)[0].startswith("Page eight")


def test_a_wrong_count_is_a_warning(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_lying_count(source, pages=3, count=7)
    with Cutter().open(source, None) as document:
        assert document.page_count == 3
        assert "3 were found" in document.warnings[0]


def test_damage_that_shows_only_in_cutting_is_a_warning(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_born_digital(source, [page_text(number) for number in range(1, 9)])
    source.write_bytes(source.read_bytes().replace(b"/Type /Font ", b"/Type /Fo<< ", 1))
    with Cutter().open(source, None) as document:
        assert not document.warnings
        document.cut(PageRange(1, 8), tmp_path / "chunk.pdf")
        assert "damaged" in "".join(document.warnings)


def test_a_file_of_which_too_much_is_lost_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source.pdf"
    pdfs.write_damaged(source, keep=0.5)
    error = refusal(source)
    assert error.code == "UNREADABLE_PDF"
    assert "upload" in error.message
