"""Somebody in front of the page: signed in, and noting everything that should not happen there."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from infra.local.stack import Stack

#: Milliseconds; the machine may be busy with other tests.
PATIENCE = 30_000

expect.set_options(timeout=PATIENCE)


def token_for(stack: Stack, owner: str, *, seconds: float = 3600, **granted: object) -> str:
    """Sign a token as the stack's own Auth would; `granted` is the claim `app_metadata`."""
    claims = {
        "sub": owner,
        "aud": "authenticated",
        "exp": time.time() + seconds,
        "app_metadata": granted,
    }
    return jwt.encode(claims, stack.environment["SUPABASE__JWT_SECRET"], algorithm="HS256")


class Visitor:
    """One tab of one browser, and what went wrong in it."""

    def __init__(self, stack: Stack, context: BrowserContext) -> None:
        self.address = stack.endpoints["api"]
        self._own = {urlsplit(stack.endpoints[part]).netloc for part in ("api", "gcs", "supabase")}
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        #: Statuses of answers that a test provokes: the console remarks on each.
        self.expected_statuses: set[int] = set()
        #: Whether connections may break: a test that cuts them expects what the console says.
        self.may_lose_connections = False
        #: What the browser says of every page that comes over HTTP from elsewhere.
        self._said_of_plain_http: str | None = None
        self._foreign: list[str] = []
        self._said: list[str] = []
        self.page.on("request", self._requested)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self._said.append(f"error: {error}"))

    def come_from_elsewhere(self, host: str) -> None:
        """Use the stack's API by another of this machine's names from now on."""
        self._said_of_plain_http = "Cross-Origin-Opener-Policy header has been ignored"
        self.address = f"http://{host}:{urlsplit(self.address).port}"
        self._own.add(urlsplit(self.address).netloc)

    def open(self, place: str = "/", *, token: str | None = None) -> Page:
        """Go to a place of the page, signing in with the token by the address."""
        fragment = place if token is None else f"token={token}&to={place}"
        self.page.goto(f"{self.address}/#{fragment}")
        return self.page

    def send(self, *paths: Path, **options: str) -> None:
        """Choose files for sending, with the options' fields filled in by their labels."""
        if options:
            details = self.page.locator("details.options")
            if details.get_attribute("open") is None:
                details.locator("summary").click()
            for label, value in options.items():
                self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)
        self.page.locator("#files").set_input_files([str(path) for path in paths])

    def open_job(self, filename: str) -> None:
        """Go to the newest job of that name through the list."""
        self.page.locator(".jobrow h3 a", has_text=filename).first.click()
        expect(self.page.locator("h1")).to_have_text(filename)

    def cells(self, state: str | None = None) -> Locator:
        """Return the chunks' cells, those in a state where one is given."""
        return self.page.locator(".cell" if state is None else f'.cell[data-state="{state}"]')

    def evaluate(self, expression: str) -> Any:
        """Return what an expression is in the page."""
        return self.page.evaluate(expression)

    def note(self, trouble: str) -> None:
        """Put something on record that should not have happened."""
        self._said.append(trouble)

    def nothing_went_wrong(self) -> None:
        """Fail where the console has an error or warning, or a request left the stack."""
        assert not self._foreign, f"requests left the stack: {self._foreign}"
        assert not self._said, f"the console has: {self._said}"

    def _requested(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"blob", "data"} and parts.netloc not in self._own:
            self._foreign.append(request.url)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        status = re.search(r"responded with a status of (\d+)", message.text)
        if status and int(status[1]) in self.expected_statuses:
            return
        if self._said_of_plain_http and self._said_of_plain_http in message.text:
            return
        if self.may_lose_connections and "net::ERR_" in message.text:
            return
        self._said.append(f"{message.type}: {message.text} ({message.location.get('url')})")


@contextmanager
def visiting(stack: Stack, browser: Browser, **context: Any) -> Iterator[Visitor]:
    """Give a tab with nothing in it yet, and check in the end that nothing went wrong in it."""
    given: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}, **context}
    with browser.new_context(**given) as opened:
        visitor = Visitor(stack, opened)
        yield visitor
        visitor.nothing_went_wrong()
