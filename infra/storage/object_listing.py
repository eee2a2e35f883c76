"""Finds objects by the thousand: in pages of a listing, not by one request each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar

from common.batch_creation import FoundObject
from common.errors import NotFound
from common.locations import Location
from common.models import ObjectRef
from infra.refusals import misconfigured
from infra.storage.cloud_storage import CloudStorage, translated

if TYPE_CHECKING:
    from google.cloud.storage import Blob

Item = TypeVar("Item")

_FIELDS: Final = "items(name,generation,size,contentType),nextPageToken"
#: The most that Cloud Storage gives at once (json_api/v1/objects/list).
_PAGE: Final = 1000
#: Requests at once; the client keeps ten connections open.
_AT_ONCE: Final = 8
#: Names that one after the other are looked for in the listing.
_NAMES_A_SLICE: Final = 1250
#: Where a page has so many others for each object that is wanted, these lie scattered, and each
#: is asked for by itself.
_SCATTERED: Final = 50


class ObjectListing:
    """Objects of any bucket that this deployment may read. Errors are those of CloudStorage.

    `page` objects are asked for at once; where one of them in `scattered` is wanted or fewer, the
    others are asked for one by one.
    """

    def __init__(
        self, storage: CloudStorage, *, page: int = _PAGE, scattered: int = _SCATTERED
    ) -> None:
        self._storage = storage
        self._size = page
        self._scattered = scattered

    def find_all(self, bucket: str, names: Iterable[str]) -> dict[str, FoundObject]:
        """Return what is there of these names.

        The listing is in the names' order, so it is read from the first wanted name on, and behind
        each page goes on with the next wanted one. What lies close together takes a request for
        a thousand, what lies scattered one each, several at a time.
        """
        wanted = sorted(set(names), key=_as_listed)
        slices = [wanted[at : at + _NAMES_A_SLICE] for at in range(0, len(wanted), _NAMES_A_SLICE)]
        found: dict[str, FoundObject] = {}
        scattered: list[str] = []
        for dense, rest in self._at_once(lambda each: self._dense(bucket, each), slices):
            found |= dense
            scattered += rest
        for one in self._at_once(lambda name: self._one(bucket, name), scattered):
            if one is not None:
                found[one.ref.name] = one
        return found

    def matching(self, location: Location, *, most: int, left_out: str = "") -> list[FoundObject]:
        """Return PDFs that the pattern means, by their names: the first `most`.

        What begins with `left_out` is passed by, and not listed: it may be most of the bucket.
        """
        found: list[FoundObject] = []
        with _reading(location.bucket):
            for blob in self._listed(location, left_out):
                one = _found(location.bucket, blob)
                # Postgres has no text with NUL in it.
                is_name = "\0" not in one.ref.name
                if is_name and one.is_pdf and location.matches(one.ref.name):
                    found.append(one)
                    if len(found) == most:
                        break
        return found

    def _listed(self, location: Location, left_out: str) -> Iterator[Blob]:
        """Yield what the service finds by the pattern, before and behind what is left out."""
        spans: list[dict[str, str]] = [{}]
        if left_out:
            behind = left_out[:-1] + chr(ord(left_out[-1]) + 1)
            spans = [{"end_offset": left_out}, {"start_offset": behind}]
        for span in spans:
            yield from self._storage.client.list_blobs(
                location.bucket,
                prefix=location.prefix,
                match_glob=location.wider,
                fields=_FIELDS,
                **span,
                **self._storage.patience,
            )

    def _dense(
        self, bucket: str, names: Sequence[str]
    ) -> tuple[dict[str, FoundObject], Sequence[str]]:
        """Return what a listing has of these sorted names, and those that lie too far apart."""
        found: dict[str, FoundObject] = {}
        wanted, rest = set(names), names
        # Exclusive; a space is the first character that names may have.
        end = names[-1] + " "
        while rest:
            if len(rest) == 1:
                return found, rest
            page = self._page(bucket, rest[0], end)
            hits = {one.ref.name: one for one in page if one.ref.name in wanted}
            found |= hits
            if len(page) < self._size:
                return found, []
            last = _as_listed(page[-1].ref.name)
            rest = [name for name in rest if _as_listed(name) > last]
            if len(hits) * self._scattered < len(page):
                return found, rest
        return found, []

    def _page(self, bucket: str, start: str, end: str) -> list[FoundObject]:
        with _reading(bucket):
            listing = self._storage.client.list_blobs(
                bucket,
                start_offset=start,
                end_offset=end,
                max_results=self._size,
                fields=_FIELDS,
                **self._storage.patience,
            )
            return [_found(bucket, blob) for blob in listing]

    def _one(self, bucket: str, name: str) -> FoundObject | None:
        with _reading(bucket):
            blob = self._storage.client.bucket(bucket).get_blob(name, **self._storage.patience)
        return None if blob is None else _found(bucket, blob)

    def _at_once(self, ask: Any, items: Sequence[Item]) -> Iterator[Any]:
        if len(items) < 2:
            return iter([ask(item) for item in items])
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            futures = [threads.submit(copy_context().run, ask, item) for item in items]
            return chain([future.result() for future in futures])


@contextmanager
def _reading(bucket: str) -> Iterator[None]:
    try:
        with translated(ObjectRef(bucket, "")):
            yield
    except NotFound as error:
        raise misconfigured(
            f"There is no bucket {bucket}; check STORAGE__SOURCE_BUCKETS."
        ) from error


def _as_listed(name: str) -> bytes:
    """Return what the service orders names by: their UTF-8."""
    return name.encode()


def _found(bucket: str, blob: Blob) -> FoundObject:
    return FoundObject(
        ObjectRef(bucket, blob.name, blob.generation), blob.size or 0, blob.content_type or ""
    )
