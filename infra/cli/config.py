"""The configuration file: a table of deployed Quires, each with its address and token."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from infra.cli.exits import UnusableInput

_KNOWN: Final = ("url", "token")
_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Profile:
    """One table of the file; what it leaves out is empty."""

    url: str = ""
    token: str = field(default="", repr=False)


def config_path(environment: Mapping[str, str]) -> Path:
    """Return where the file is, whether or not there is one (XDG base directories)."""
    folder = Path(environment.get("XDG_CONFIG_HOME") or "")
    # The specification has relative paths passed over.
    if not folder.is_absolute():
        folder = Path(environment.get("HOME") or Path.home()) / ".config"
    return folder / "quire" / "config.toml"


def read_profiles(path: Path) -> dict[str, Profile]:
    """Return the file's profiles by name; none where there is no file.

    Warns on standard error where others can read its tokens. Raises UnusableInput for a file that
    can't be read as one.
    """
    import tomllib

    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            tables = tomllib.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unusable(path, f"can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # What stands there may be half a token: only the place is told.
        place = str(error).rpartition("(")[2].rstrip(")")
        where = f" ({place})" if place.startswith("at ") else ""
        raise _unusable(path, f"is not TOML{where}") from error
    profiles = {name: _profile(path, name, table) for name, table in tables.items()}
    if mode & _FOR_OTHERS and any(profile.token for profile in profiles.values()):
        click.echo(
            f"Warning: {path} holds a token and others can read it (mode {mode:04o}). "
            f"To keep it to yourself: chmod 600 {path}",
            err=True,
        )
    return profiles


def _profile(path: Path, name: str, table: object) -> Profile:
    if not isinstance(table, dict):
        raise _unusable(path, f"has `{name}` outside of a profile; write it below [default]")
    for key, value in table.items():
        if key not in _KNOWN:
            raise _unusable(path, f"has `{key}` in [{name}]; a profile has `url` and `token`")
        if not isinstance(value, str):
            raise _unusable(path, f'has no text for `{key}` in [{name}]; write {key} = "…"')
    return Profile(**table)


def _unusable(path: Path, what: str) -> UnusableInput:
    return UnusableInput(
        f"{path} {what}.",
        code="BAD_CONFIG",
        advice='A profile is [default] with the lines url = "https://…" and token = "qk_…".',
    )
