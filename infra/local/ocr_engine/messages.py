"""What the pool and its children say to each other: length-prefixed MessagePack over pipes."""

from __future__ import annotations

from enum import StrEnum
from struct import Struct as Packing
from typing import TypeAlias

import msgspec

from common.results import Page

#: Before each message: its length in bytes.
LENGTH = Packing("!I")


class File(msgspec.Struct, frozen=True):
    """A PDF of a running call. Paths come back with other contents, numbers don't."""

    number: int
    path: str


class Warm(msgspec.Struct, tag=True):
    """Load the default language."""


class Count(msgspec.Struct, tag=True):
    """Tell how many pages the file has."""

    file: File


class Read(msgspec.Struct, tag=True):
    """Read one page of the file, which stays open until `Forget`."""

    file: File
    index: int
    languages: tuple[str, ...]
    #: Whether the page's own text is taken where it has one.
    own_text: bool = True


class Forget(msgspec.Struct, tag=True):
    """Close the file. Not answered."""

    file: File


class Ready(msgspec.Struct, tag=True):
    """The child is up, or has warmed."""


class Counted(msgspec.Struct, tag=True):
    """The file's pages."""

    pages: int


class PageRead(msgspec.Struct, tag=True):
    """A page, as it was read."""

    page: Page


class Trouble(StrEnum):
    """Why there is no other answer."""

    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    PAGE = "page"
    #: The child ends itself after it.
    MEMORY = "memory"
    #: An error that the engine does not know by name; the reason is its traceback.
    UNKNOWN = "unknown"


class Failed(msgspec.Struct, tag=True):
    """Neither pages nor page."""

    trouble: Trouble
    reason: str


Request: TypeAlias = Warm | Count | Read | Forget
Reply: TypeAlias = Ready | Counted | PageRead | Failed

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def decode_request(content: bytes) -> Request:
    """Return the request that these bytes, without their length, are."""
    return _requests.decode(content)


def decode_reply(content: bytes) -> Reply:
    """Return the reply that these bytes, without their length, are."""
    return _replies.decode(content)


def framed(message: Request | Reply) -> bytes:
    """Return a message with its length before it."""
    content = _encoder.encode(message)
    return LENGTH.pack(len(content)) + content
