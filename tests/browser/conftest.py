"""A real browser in front of a real stack, both started once for these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.browser.batches import ended, letters, make_batch
from tests.browser.chromium import opened, required_chromium
from tests.browser.visitor import Visitor, token_for, visiting
from tests.e2e.quire_client import QuireClient
from tests.make_demo_pdf import DEMO


@pytest.fixture(scope="package")
def chromium() -> str:
    """The browser's path."""
    return required_chromium()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with two worker children that is quick to try again, and reads whatever is sent."""
    home = Home(tmp_path_factory.mktemp("stack"))
    options = StackOptions(
        workers=2, extra_env={"RETRIES__BASE_SECONDS": "0.2", "CACHE__ENABLED": "false"}
    )
    with Stack(home, options=options) as stack:
        yield stack


# Of the package, not the session: while it runs, no other test could start an event loop.
@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """The browser, running."""
    with opened(chromium) as browser:
        yield browser


@pytest.fixture
def owner() -> str:
    """A tenant that no other test knows."""
    return f"reader-{uuid4()}"


@pytest.fixture
def quire(stack: Stack, owner: str) -> Iterator[QuireClient]:
    """The same tenant, asking the API by itself."""
    with QuireClient(stack, owner) as quire:
        yield quire


@dataclass(frozen=True, slots=True)
class ReadDemo:
    """A job that has read the demo, a batch of which a part failed, and a token of their owner."""

    job_id: str
    batch_id: str
    token: str


@pytest.fixture(scope="package")
def demo(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> ReadDemo:
    """The demo and a batch, read once for all tests that only look."""
    owner = "reader-of-the-demo"
    with QuireClient(stack, owner) as quire:
        job_id = quire.submit(DEMO, chunk_pages=4)
        assert quire.wait(job_id)["status"] == "completed"
        paths = letters(tmp_path_factory.mktemp("demo") / "letters", 3)
        paths[1].write_bytes(b"%PDF-1.7 and nothing behind it")
        batch_id = make_batch(quire, paths, name="Letters", matter="Harbour Board")
        assert ended(quire, batch_id)["status"] == "completed_with_errors"
    return ReadDemo(job_id, batch_id, token_for(stack, owner))


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(stack: Stack, browser: Browser, owner: str) -> Iterator[Visit]:
    """Opens tabs, signed in as the test's tenant at a place of the page."""
    with ExitStack() as tabs:

        def visit(place: str = "/", *, token: str | None = None, **context: Any) -> Visitor:
            visitor = tabs.enter_context(visiting(stack, browser, **context))
            visitor.open(place, token=token_for(stack, owner) if token is None else token)
            return visitor

        yield visit
