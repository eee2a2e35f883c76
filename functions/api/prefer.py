"""What a caller prefers (RFC 7240): to wait for the result so long, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

#: A preference and its value, which may be quoted. Parameters behind it mean nothing to us.
_PREFERENCE: Final = re.compile(
    r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s;,"]*)))?\s*(?:;[^,]*)?\Z'
)
_SECONDS: Final = re.compile(r"[0-9]{1,18}\Z")


@dataclass(frozen=True, slots=True)
class Preference:
    """What the caller said; nothing where both are empty."""

    #: `Prefer: wait=N`, in seconds.
    wait: int | None = None
    #: `Prefer: respond-async`: a 202 is welcome.
    respond_async: bool = False


def read_preference(headers: Iterable[str]) -> Preference:
    """Read the Prefer headers. What is not understood is as if it were not there, says the RFC."""
    wait: int | None = None
    respond_async = False
    seen: set[str] = set()
    for header in headers:
        for part in header.split(","):
            match = _PREFERENCE.match(part)
            if match is None or match[1].lower() in seen:
                # Of a preference that is said twice, the first counts.
                continue
            name, value = match[1].lower(), match[2] or match[3] or ""
            seen.add(name)
            if name == "respond-async":
                respond_async = True
            elif name == "wait" and _SECONDS.match(value):
                wait = int(value)
    return Preference(wait, respond_async)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer waits for its job's end."""

    seconds: float
    #: What to say in Preference-Applied; None where no preference was followed.
    applied: str | None = None


def patience_for(
    preference: Preference,
    *,
    pages: int | None,
    threshold: int,
    usual_seconds: float,
    max_seconds: float,
    never_async: bool,
) -> Patience:
    """Decide how long to wait for a document of so many pages; None where they are unknown.

    A number that the caller names counts, as far as `max_seconds` allows. `respond-async` alone
    is not to wait at all. Who says nothing waits for a small document only. Where answers are
    never asynchronous, every one waits as long as it may.
    """
    if preference.wait is not None:
        seconds = min(float(preference.wait), max_seconds)
        return Patience(seconds, f"wait={seconds:.0f}")
    if never_async:
        return Patience(max_seconds)
    if preference.respond_async:
        return Patience(0, "respond-async")
    if pages is not None and pages <= threshold:
        return Patience(min(usual_seconds, max_seconds))
    return Patience(0)
