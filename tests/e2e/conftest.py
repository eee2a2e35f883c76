"""One whole stack for all tests that do not harm it, with real workers in their own processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose OCR takes any number of pages a call, so that one chunk can be everything."""
    home = Home(tmp_path_factory.mktemp("stack"))
    options = StackOptions(workers=2, page_limit=1000, extra_env={"RETRIES__BASE_SECONDS": "0.2"})
    with Stack(home, options=options) as stack:
        yield stack


@pytest.fixture
def quire(stack: Stack) -> Iterator[QuireClient]:
    """A caller of the shared stack."""
    with QuireClient(stack) as quire:
        yield quire
