"""Pages of a list: their size and the token that leads to the next."""

from __future__ import annotations

import base64
import binascii

from infra.local.emulators.cloud_tasks.refusals import invalid


def check_page(size: int, most: int) -> int:
    """Return how many a page may hold: `most` where nothing, or more, was asked for."""
    if size < 0:
        raise invalid("page_size cannot be negative.")
    return min(size or most, most)


def token_of(last: str) -> str:
    """Return the token for what comes after `last`."""
    return base64.urlsafe_b64encode(last.encode()).decode()


def page_after(token: str) -> str:
    """Return the name that a token stands for, the empty one before the first page."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise invalid("page_token is not one that a list returned.") from error
