"""Listing objects: pages, prefixes, delimiters, offsets and globs (json_api/v1/objects/list)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.cloud_storage.preconditions import number
from infra.local.emulators.file_store import Objects, StoredObject

_LARGEST_PAGE: Final = 1000


def page_size(query: Mapping[str, str]) -> int:
    """Return how many entries a page may have."""
    asked = number(query, "maxResults")
    if asked is None:
        return _LARGEST_PAGE
    if asked < 1:
        raise invalid(f"Invalid value '{asked}' for maxResults: expected at least 1.")
    return min(asked, _LARGEST_PAGE)


def page_token(last: str) -> str:
    """Return the token of the page behind this name."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def page_start(query: Mapping[str, str]) -> str:
    """Return the name that a page begins behind."""
    try:
        return base64.urlsafe_b64decode(query.get("pageToken", "")).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid("Invalid value for pageToken.") from error


def glob(pattern: str) -> re.Pattern[str]:
    """Translate a matchGlob: `*` and `?` stop at slashes, `**` does not; `[...]` and `{a,b}`."""
    translated, depth = "", 0
    for piece in re.findall(r"\*\*|\[[^\]]+\]|.", pattern, re.DOTALL):
        if piece == "**":
            translated += ".*"
        elif piece == "*":
            translated += "[^/]*"
        elif piece == "?":
            translated += "[^/]"
        elif len(piece) > 1:
            inner = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            translated += f"[^{inner[1:]}]" if inner[0] in "!^" and inner[1:] else f"[{inner}]"
        elif piece == "{":
            translated, depth = translated + "(?:", depth + 1
        elif piece == "}" and depth:
            translated, depth = translated + ")", depth - 1
        elif piece == "," and depth:
            translated += "|"
        else:
            translated += re.escape(piece)
    try:
        return re.compile(translated, re.DOTALL)
    except re.error as error:
        raise invalid(f"Invalid value '{pattern}' for matchGlob.") from error


@dataclass(slots=True)
class ObjectPage:
    """One page of a listing."""

    items: list[StoredObject]
    prefixes: list[str]
    next_token: str | None = None


def list_objects(objects: Objects, bucket: str, query: Mapping[str, str]) -> ObjectPage:
    """Return the page that the query asks for."""
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    pattern = glob(query["matchGlob"]) if query.get("matchGlob") else None
    end = query.get("endOffset") or None
    limit = page_size(query)
    page = ObjectPage([], [])
    after = page_start(query)
    while True:
        batch = objects.page(
            bucket, prefix=prefix, start=query.get("startOffset", ""), after=after, limit=limit + 1
        )
        for stored in batch:
            if end is not None and stored.name >= end:
                return page
            cut = stored.name.find(delimiter, len(prefix)) if delimiter else -1
            group = stored.name[: cut + len(delimiter)] if cut >= 0 else None
            if group is None and pattern is not None and not pattern.fullmatch(stored.name):
                after = stored.name
                continue
            if len(page.items) + len(page.prefixes) == limit:
                page.next_token = page_token(after)
                return page
            if group is not None:
                page.prefixes.append(group)
                # The whole group is one entry: the next name looked at is behind all of it.
                after = group + "\U0010ffff"
                break
            page.items.append(stored)
            after = stored.name
        else:
            if len(batch) <= limit:
                return page
