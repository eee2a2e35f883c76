"""Where a manifest's documents may lie: `gs://bucket/path`, wildcards, and whose folders they are.

What is refused here is refused by its spelling alone: nobody learns whether it is there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from common.errors import InvalidRequest
from common.globs import WILDCARD, Glob
from common.names import UPLOADS_FOLDER, is_promised

#: Cloud Storage's own limit for a name, in bytes of UTF-8 (cloud.google.com/storage/docs/objects).
MAX_NAME_BYTES: Final = 1024
#: What lies below this folder is a batch's to read: its landing alone starts nothing.
BATCH_FOLDER: Final = "batches/"
#: What lies below this one is read when it lands, and again by a batch that names it.
INBOX_FOLDER: Final = "inbox/"

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
#: Control characters, of both kinds, and halves of surrogate pairs.
_ODD: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
#: What Cloud Storage's own globs give a meaning beyond `*` and `?`; here they are themselves.
_SPECIAL: Final = re.compile(r"[\[\]{}\\]")


@dataclass(frozen=True)
class Location:
    """One object, or with wildcards all that match, in a bucket."""

    bucket: str
    #: The object's name, or a pattern.
    name: str

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.name}"

    @cached_property
    def is_pattern(self) -> bool:
        """Whether it may be many objects."""
        return WILDCARD.search(self.name) is not None

    @cached_property
    def prefix(self) -> str:
        """What all the names begin with: all that stands before the first wildcard."""
        wild = WILDCARD.search(self.name)
        return self.name[: wild.start()] if wild else self.name

    @cached_property
    def wider(self) -> str:
        """A pattern as Cloud Storage reads them, for at least all that `matches`.

        How the service reads `**/` and brackets is its own affair: what it finds is looked at
        again by `matches`.
        """
        return _SPECIAL.sub("?", self.name.replace("**/", "**"))

    def matches(self, name: str) -> bool:
        """Whether the pattern means this object (common.globs)."""
        return self._glob.matches(name)

    @cached_property
    def _glob(self) -> Glob:
        return Glob(self.name)


def parse_location(text: str) -> Location:
    """Read `gs://bucket/path`, where a path that ends with a slash is all that lies below it.

    Raises InvalidRequest (422, INVALID_URI).
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() != "gs":
        raise _unreadable("must begin with gs://, like gs://bucket/batches/name/file.pdf")
    bucket, _, name = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise _unreadable("names no bucket behind gs://, like gs://bucket/batches/name/file.pdf")
    if not name:
        raise _unreadable("names no object in the bucket, like gs://bucket/batches/name/file.pdf")
    if _ODD.search(name):
        raise _unreadable("has control characters in it, or half a character")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise _unreadable(f"is longer than an object's name may be: {MAX_NAME_BYTES:,} bytes")
    if any(part in {".", ".."} for part in name.split("/")):
        raise _unreadable("has a folder `.` or `..`; write the path that is meant")
    if name.endswith("/"):
        name += "**"
    return Location(bucket, name)


@dataclass(frozen=True, slots=True)
class Territory:
    """Which objects a caller may name."""

    buckets: Collection[str]
    #: What names must begin with; any will do where None.
    folders: tuple[str, ...] | None
    #: The bucket that has the API's own uploads; none where empty.
    uploads: str = ""

    def left_out(self, location: Location) -> str:
        """Return the folder that a pattern passes by: the API's own uploads; or nothing.

        Whose they are is known of each before it lands, and a name of them says nothing of that.
        """
        is_around = UPLOADS_FOLDER.startswith(location.prefix)
        return UPLOADS_FOLDER if location.bucket == self.uploads and is_around else ""

    def check(self, location: Location) -> None:
        """Raise InvalidRequest (422) BUCKET_NOT_ALLOWED, OBJECT_NOT_ALLOWED or UPLOAD_BY_URI."""
        if location.bucket not in self.buckets:
            raise InvalidRequest(
                f"Documents are not taken from the bucket `{location.bucket}`, only from "
                f"{_listed(sorted(self.buckets))}.",
                code="BUCKET_NOT_ALLOWED",
                status=422,
            )
        if self.folders is None:
            if location.bucket == self.uploads and is_promised(location.prefix):
                raise InvalidRequest(
                    f"What lies below `gs://{self.uploads}/{UPLOADS_FOLDER}` was uploaded through "
                    "the API. Name it by its `document_id`.",
                    code="UPLOAD_BY_URI",
                    status=422,
                )
            return
        if not self.folders:
            raise InvalidRequest(
                "This token or key is good for no folder of a bucket; name documents by their ids.",
                code="OBJECT_NOT_ALLOWED",
                status=422,
            )
        if not location.prefix.startswith(self.folders):
            raise InvalidRequest(
                f"Objects are taken from below {_listed(self.folders)}, and wildcards stand "
                "behind that.",
                code="OBJECT_NOT_ALLOWED",
                status=422,
            )


def folders_of(
    owner: str, *, matters: tuple[str, ...] | None, matter: str | None
) -> tuple[str, ...]:
    """Return the folders whose objects an owner's caller may name.

    Objects belong to no matter: who is limited to some is given the folder of the batch's.
    """
    if not _is_folder(owner):
        return ()
    if matters is None:
        return (f"{INBOX_FOLDER}{owner}/", f"{BATCH_FOLDER}{owner}/")
    if matter is None or not _is_folder(matter):
        return ()
    return (f"{BATCH_FOLDER}{owner}/{matter}/",)


def _is_folder(name: str) -> bool:
    return name not in {"", ".", ".."} and "/" not in name and not WILDCARD.search(name)


def _listed(names: Collection[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _unreadable(sentence: str) -> InvalidRequest:
    return InvalidRequest(f"The `uri` {sentence}.", code="INVALID_URI", status=422)
