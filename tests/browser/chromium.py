"""Finds the Chromium of this machine, and opens it so that it talks to nobody but the page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: A name for this machine by which the page can't know that it is this machine.
ELSEWHERE = "quire.example"

_SILENT = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
)

MISSING = "there is no Chromium on this machine; on Debian: apt install chromium, or set CHROMIUM"


def find_chromium() -> str | None:
    """Return the browser's path: what CHROMIUM names, else the first that the shell finds."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def required_chromium() -> str:
    """Return the browser's path, or skip the test; in CI its absence is a failure."""
    path = find_chromium()
    if path is not None:
        return path
    if "CI" in os.environ:
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@contextmanager
def opened(path: str) -> Iterator[Browser]:
    """Have the browser running while inside."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_SILENT))
        try:
            yield browser
        finally:
            browser.close()
