"""Documents and chunk PDFs in Cloud Storage, by Google's own client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from common.errors import NotFound, TransientError
from common.models import ObjectRef
from infra.settings import StorageSettings

if TYPE_CHECKING:
    from google.cloud.storage import Client

#: Seconds without a byte before a request is given up; the client's retries come on top.
_SILENCE = 60


class CloudStorage:
    """The uploads and chunks buckets. `STORAGE_EMULATOR_HOST` moves it to an emulator."""

    def __init__(self, settings: StorageSettings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> Client:
        from google.cloud.storage import Client  # 0.3 s that not every door needs

        return Client(project=self._settings.project)

    def download(self, ref: ObjectRef, target: Path) -> int:
        """Write the object to `target`, return its size in bytes. NotFound if it is gone."""
        blob = self._client.bucket(ref.bucket).blob(ref.name, generation=ref.generation)
        with _translated(ref):
            blob.download_to_filename(str(target), timeout=_SILENCE)
        return target.stat().st_size

    def read_chunk(self, ref: ObjectRef) -> bytes:
        """Return a chunk's PDF."""
        blob = self._client.bucket(ref.bucket).blob(ref.name, generation=ref.generation)
        with _translated(ref):
            content: bytes = blob.download_as_bytes(timeout=_SILENCE)
        return content

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        """Create a chunk PDF; an object of that name that is already there is kept."""
        bucket = self._settings.chunks_bucket
        with path.open("rb") as content:
            return self._create(bucket, name, content, path.stat().st_size)

    def put_upload(self, name: str, content: BinaryIO, size: int) -> ObjectRef:
        """Create a document that came through the API. `size` is in bytes."""
        return self._create(self._settings.uploads_bucket, name, content, size)

    def begin_upload(self, name: str, size: int, *, origin: str | None = None) -> str:
        """Return the URL of a resumable session that can create the document once.

        Whoever has the URL can write this one object and nothing else, for a week.
        """
        blob = self._client.bucket(self._settings.uploads_bucket).blob(name)
        with _translated(ObjectRef(self._settings.uploads_bucket, name)):
            url: str = blob.create_resumable_upload_session(
                content_type="application/pdf", size=size, origin=origin, if_generation_match=0
            )
        return url

    def upload_ref(self, name: str) -> ObjectRef:
        """Return where a document that comes through the API will lie."""
        return ObjectRef(self._settings.uploads_bucket, name)

    def find(self, ref: ObjectRef) -> ObjectRef | None:
        """Return the live version of the object, or None where there is none."""
        with _translated(ref):
            blob = self._client.bucket(ref.bucket).get_blob(ref.name)
        return None if blob is None else ObjectRef(ref.bucket, ref.name, blob.generation)

    def _create(self, bucket: str, name: str, content: BinaryIO, size: int) -> ObjectRef:
        from google.api_core.exceptions import PreconditionFailed

        blob = self._client.bucket(bucket).blob(name)
        ref = ObjectRef(bucket, name)
        try:
            with _translated(ref):
                blob.upload_from_file(
                    content,
                    size=size,
                    content_type="application/pdf",
                    if_generation_match=0,
                    timeout=_SILENCE,
                )
        except PreconditionFailed:
            # An answer that was lost on its way makes the client send again: it is there.
            with _translated(ref):
                blob.reload()
        return ObjectRef(bucket, name, blob.generation)


@contextmanager
def _translated(ref: ObjectRef) -> Iterator[None]:
    from google.api_core import exceptions
    from requests.exceptions import ConnectionError, Timeout  # noqa: A004

    try:
        yield
    except exceptions.NotFound as error:
        raise NotFound(
            "The stored file is gone. Send the document again.", code="OBJECT_NOT_FOUND"
        ) from error
    except (
        exceptions.ServerError,
        exceptions.TooManyRequests,
        exceptions.RetryError,
        ConnectionError,
        Timeout,
    ) as error:
        raise TransientError(
            f"Cloud Storage does not answer for bucket {ref.bucket}.", code="STORAGE_UNAVAILABLE"
        ) from error
