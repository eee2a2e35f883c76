"""Where a result is put on disk, without ever writing over another one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from common.results import PageError
from infra.cli.api import Api
from infra.cli.exits import UnusableInput
from infra.cli.patience import Patience
from infra.cli.printable import printable
from infra.cli.trouble import Away

DEFAULT_FOLDER: Final = Path("quire-results")
NAMES: Final = {"json": "result.json", "text": "text.txt"}
_LONGEST_LINE_BYTES: Final = 4096
#: Room for the errors of ten thousand pages.
_TAIL_BYTES: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Destination:
    """A folder for results. Without `folder`, one is found at `quire-results/<stem>`."""

    stem: str
    folder: Path | None = None
    force: bool = False

    def check(self) -> None:
        """Raise UnusableInput where writing would fail, before any work is done for it."""
        if self.folder is None:
            return
        if self.folder.exists() and not self.folder.is_dir():
            raise UnusableInput(f"{self.folder} is a file, not a folder.", code="NOT_A_FOLDER")
        if self.force:
            return
        for name in NAMES.values():
            refuse_overwriting(self.folder / name)

    def make(self) -> Path:
        """Make the folder and return it.

        The default one is always new: `scan`, else `scan-2` and so on, also when two commands
        look for one at the same moment; with `force` it is `scan`, whatever that holds.
        """
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            return self.folder
        number = 1
        while True:
            suffix = "" if number == 1 else f"-{number}"
            folder = DEFAULT_FOLDER / f"{self.stem}{suffix}"
            try:
                folder.mkdir(parents=True, exist_ok=self.force)
            except FileExistsError:
                number += 1
            else:
                return folder


def refuse_overwriting(path: Path) -> None:
    """Raise UnusableInput if there is something at `path`."""
    if path.exists():
        raise UnusableInput(
            f"{path} is there already, and is not written over.",
            code="FILE_EXISTS",
            advice="Pass --force to replace it, or choose another place.",
        )


def save(
    fetch: Callable[[], AbstractContextManager[Iterator[bytes]]],
    target: Path,
    *,
    force: bool,
    patience: Patience,
) -> None:
    """Write what `fetch` gives to `target`, which appears whole or not at all."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        while True:
            try:
                with fetch() as pieces, partial.open("wb") as file:
                    file.writelines(pieces)
                break
            except Away as error:
                patience.wait(error)
        if not force:
            refuse_overwriting(target)
        partial.replace(target)
    except OSError as error:
        raise UnusableInput(
            f"{target} can't be written: {error.strerror}.", code="UNWRITABLE"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def fetch_all(api: Api, job_id: str, destination: Destination) -> dict[str, Path]:
    """Write a job's results; return where each form is."""
    folder = destination.make()
    files = {form: folder / name for form, name in NAMES.items()}
    try:
        for form, target in files.items():
            fetch = partial(api.result, job_id, form)
            save(fetch, target, force=destination.force, patience=Patience())
    except BaseException:
        # Nothing came of it: an empty folder would only take the name.
        with suppress(OSError):
            folder.rmdir()
        raise
    return files


def page_errors(path: Path) -> list[tuple[int, int, str, str]]:
    """Return the pages that a result.json says could not be read, as `unread_lines` takes them.

    Only the end of the file is read: the pages, a line each, stand before it.
    """
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, _TAIL_BYTES), os.SEEK_END)
        tail = file.read().rpartition(b"\n],")[2]
    try:
        errors = msgspec.json.decode(b"{" + tail, type=_Tail).errors
    except msgspec.MsgspecError:
        return []
    return [(error.number, error.number, error.code, error.message) for error in errors]


class _Tail(msgspec.Struct):
    """What stands behind the pages."""

    errors: list[PageError] = []


def first_lines(path: Path, *, count: int = 8, width: int = 76) -> list[str]:
    """Return the first lines of a text file that say something, made safe for a terminal."""
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE_BYTES), b"")
        texts = (printable(line.decode("utf-8", "replace")).strip() for line in lines)
        spoken = list(islice((text for text in texts if text), count))
    return [text if len(text) <= width else f"{text[: width - 1]}…" for text in spoken]
