"""Results on disk: whole or not at all, and never over another one."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import msgspec
import pytest

from infra.cli.api import Api
from infra.cli.exits import UnusableInput
from infra.cli.results import Destination, fetch_all, first_lines, page_errors, save
from infra.cli.trouble import ApiError
from tests.unit.cli.fixtures import api, brief, listening, server
from tests.unit.cli.little_api import JOB_ID, LittleApi, little_server
from tests.unit.cli.little_lists import problem

__all__ = ["api", "listening", "server"]


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_default_folder_is_always_a_new_one(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(3):
        fetch_all(api, JOB_ID, Destination("scan"))
    assert set(files_under(tmp_path)) == {
        f"quire-results/{name}/{file}"
        for name in ("scan", "scan-2", "scan-3")
        for file in ("result.json", "text.txt")
    }


def test_with_force_the_first_folder_is_used_again(
    api: Api, server: LittleApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fetch_all(api, JOB_ID, Destination("scan"))
    server.result["text"] = b"second"
    files = fetch_all(api, JOB_ID, Destination("scan", force=True))
    assert files["text"] == Path("quire-results/scan/text.txt")
    assert files["text"].read_bytes() == b"second"


def test_a_named_folder_that_holds_a_result_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("mine")
    with pytest.raises(UnusableInput, match="written over"):
        Destination("scan", tmp_path).check()
    Destination("scan", tmp_path, force=True).check()
    with pytest.raises(UnusableInput, match="not a folder"):
        Destination("scan", tmp_path / "text.txt").check()


def test_a_file_that_came_up_meanwhile_is_kept(api: Api, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("mine")
    with pytest.raises(UnusableInput):
        fetch_all(api, JOB_ID, Destination("scan", tmp_path))
    assert (tmp_path / "result.json").read_text() == "mine"
    assert files_under(tmp_path) == ["result.json"]


def test_a_result_elsewhere_is_fetched_without_the_owners_token(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    with little_server() as elsewhere:
        storage = elsewhere.fresh()
        server.redirect_result_to = storage.address
        storage.result = {"json": b"{}", "text": b"from the storage"}
        files = fetch_all(api, JOB_ID, Destination("scan", tmp_path))
    assert files["text"].read_text() == "from the storage"
    assert not any("authorization" in headers for headers in storage.headers_at_storage)


def test_a_result_that_is_refused_leaves_no_folder_behind(
    api: Api, server: LittleApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server.result_refusals = deque([problem(409, "JOB_NOT_FINISHED", "Not yet.")])
    with pytest.raises(ApiError):
        fetch_all(api, JOB_ID, Destination("scan"))
    assert not (tmp_path / "quire-results" / "scan").exists()


def test_a_fetch_that_fails_for_a_moment_is_repeated_whole(
    api: Api, server: LittleApi, tmp_path: Path
) -> None:
    server.result_refusals = deque([problem(503, "UNAVAILABLE", "Later.")])
    save(lambda: api.result(JOB_ID, "text"), tmp_path / "t", force=False, patience=brief())
    assert (tmp_path / "t").read_bytes() == server.result["text"]


def test_a_place_that_cannot_be_written_is_told(api: Api, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="can't be written"):
        save(
            lambda: api.result(JOB_ID, "text"),
            tmp_path / "missing" / "t",
            force=False,
            patience=brief(),
        )


def test_the_first_lines_skip_blanks_are_cut_and_are_safe(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes(b"\n \n\x1b[31mred\n" + b"x" * 200_000 + b"\n" + b"y\n" * 20)
    lines = first_lines(text, count=3, width=10)
    assert lines == ["[31mred", "xxxxxxxxx…", "xxxxxxxxx…"]


def test_unread_pages_are_found_at_the_results_end(tmp_path: Path) -> None:
    errors = [{"number": 3, "code": "PAGE_TIMEOUT", "message": "Took too long."}]
    result = tmp_path / "result.json"
    tail = msgspec.json.encode({"document_id": "d", "errors": errors})[1:]
    result.write_bytes(b'{"pages":[\n{"number":1},\n{"number":2}\n],' + tail)
    assert msgspec.json.decode(result.read_bytes())["errors"] == errors
    assert page_errors(result) == [(3, 3, "PAGE_TIMEOUT", "Took too long.")]
    result.write_bytes(b'{"pages":[]}')
    assert page_errors(result) == []
