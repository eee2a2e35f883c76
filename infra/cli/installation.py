"""What must be on this machine before a stack can start, checked without starting anything."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Final

from infra.local import postgres, valkey
from infra.local.failures import StackFailed
from infra.local.home import Home
from infra.local.ocr_engine.languages import available_languages, bcp47
from infra.local.probes import Probe

_LEAST_PYTHON: Final = (3, 11)
_LEAST_FREE_BYTES: Final = 1_000_000_000


def check_installation(home: Home) -> Iterator[Probe]:
    """Look at Python, the servers' programs, the OCR languages and the data folder."""
    yield _python()
    yield _program("postgres program", lambda: str(postgres.binaries() / "postgres"))
    yield _program("valkey program", lambda: str(valkey.binary()))
    yield _languages()
    yield _folder(home)


def _python() -> Probe:
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    fits = sys.version_info >= _LEAST_PYTHON
    return Probe("python", fits, found, "" if fits else "Quire needs Python 3.11 or later.")


def _program(name: str, find: Callable[[], str]) -> Probe:
    try:
        return Probe(name, True, find())
    except StackFailed as error:
        what, _, advice = error.message.partition(". ")
        return Probe(name, False, f"{what}.", advice or "Run `make setup`.")


def _languages() -> Probe:
    models = sorted(model for model in available_languages() if model != "osd")
    codes = ", ".join(bcp47(model) for model in models)
    if models:
        return Probe("languages", True, codes)
    return Probe(
        "languages",
        False,
        "There is no Tesseract model: scanned pages can't be read.",
        "Run `make setup`, or set TESSDATA_PREFIX to a folder with *.traineddata files.",
    )


def _folder(home: Home) -> Probe:
    place = home.folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    detail = f"{home.folder}, {free / 1e9:.1f} GB free"
    if free < _LEAST_FREE_BYTES:
        return Probe(
            "data folder", False, detail, "Free some space, or choose another folder with --home."
        )
    return Probe("data folder", True, detail)
