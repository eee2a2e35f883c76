"""What `quire up` says about where everything is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.cli.target import Remote
from infra.cli.up import place_lines, typed_command
from infra.local.home import Home

REMOTE = Remote("https://quire.example.org", "qk_1", "QUIRE_URL", "QUIRE_TOKEN")


@dataclass
class Places:
    """A stack's addresses."""

    endpoints: dict[str, str] = field(
        default_factory=lambda: {
            "api": "http://127.0.0.1:8080",
            "postgres": "postgresql://postgres:geheim@127.0.0.1:5432/postgres",
        }
    )
    environment: dict[str, str] = field(default_factory=dict)


@pytest.fixture(autouse=True)
def on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a program `quire` on the path, and no home of one's own."""
    (tmp_path / "quire").write_text("")
    (tmp_path / "quire").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QUIRE_HOME", raising=False)


def test_the_page_and_a_request_stand_below_the_addresses() -> None:
    lines = place_lines(Places(), Home.find(), "http://127.0.0.1:8080/#token=t", None)
    assert "Page  http://127.0.0.1:8080/#token=t" in lines
    assert (
        'API   curl -H "Authorization: Bearer $(quire token)" http://127.0.0.1:8080/v1/jobs'
    ) in lines
    assert "geheim" not in "\n".join(lines)


def test_what_to_type_elsewhere_names_an_unusual_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed_command(Home.find(), None) == "quire"
    unusual = Home(tmp_path / "a home")
    assert typed_command(unusual, None) == f"quire --home '{unusual.folder}'"
    # Another terminal does not have this one's environment.
    monkeypatch.setenv("QUIRE_HOME", str(unusual.folder))
    assert typed_command(unusual, None) == f"quire --home '{unusual.folder}'"
    assert typed_command(unusual, REMOTE) == f"quire --home '{unusual.folder}'"


def test_where_a_deployed_quire_is_configured_the_commands_name_this_machine() -> None:
    lines = place_lines(Places(), Home.find(), "http://127.0.0.1:8080/#token=t", REMOTE)
    assert "In another terminal: quire --profile local submit FILE.pdf --watch" in lines
    assert "Without `--profile local` it would go to https://quire.example.org." in lines


def test_where_quire_is_not_on_the_path_its_place_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.argv", [".venv/bin/quire", "up"])
    assert typed_command(Home.find(), None) == ".venv/bin/quire"
