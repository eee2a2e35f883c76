"""The stack's log, followed in a terminal."""

from __future__ import annotations

from pathlib import Path

from infra.cli.logtail import LogTail, readable


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_only_whole_new_lines_are_given(tmp_path: Path) -> None:
    path = tmp_path / "quire.log"
    append(path, "old\n")
    log = LogTail(path)
    append(path, "new\nhal")
    assert log.new_lines() == ["new"]
    append(path, "f\n")
    assert log.new_lines() == ["half"]
    assert log.new_lines() == []
    log.close()


def test_no_line_is_lost_when_the_log_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "quire.log"
    append(path, "")
    log = LogTail(path)
    append(path, "last of the old\n")
    path.rename(tmp_path / "quire.log.1")
    append(path, "first of the new\n")
    assert log.new_lines() == ["last of the old", "first of the new"]
    append(path, "and on\n")
    assert log.new_lines() == ["and on"]
    log.close()


def test_json_is_made_readable_and_plain_lines_stay() -> None:
    head = "2026-11-22T10:00:01.123Z worker    | "
    said = (
        '{"severity": "INFO", "time": "…", "message": "chunk is done", "logger": "x", "chunk": 3, '
        '"data": {"id": 1}}'
    )
    assert readable(head + said) == "10:00:01 worker    | chunk is done  chunk=3"
    warning = '{"severity": "WARNING", "message": "lease lost"}'
    assert readable(head + warning) == "10:00:01 worker    | WARNING lease lost"
    assert readable(head + "plain\x1b[0m") == "10:00:01 worker    | plain[0m"
    assert readable("no head") == "no head"
