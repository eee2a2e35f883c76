"""Documents and chunk PDFs in Cloud Storage, by Google's own client."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from common.errors import NotFound, PermanentError, TransientError
from common.models import JobId, ObjectRef
from common.names import chunk_pdfs
from infra.refusals import misconfigured
from infra.settings import StorageSettings
from infra.storage.mapped import MappedFile

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

#: Seconds without a byte before a request is given up; the client's retries come on top.
_SILENCE = 60
#: A file up to this size is one request, for which the client holds it in memory, twice.
_ONE_REQUEST_BYTES = 1 << 20
#: A larger stream is sent in pieces of this size: multiples of 256 KiB, says Cloud Storage.
_PIECE_BYTES = 4 << 20
#: Kept open for requests of as many threads; what is beyond is closed again, with a warning.
_CONNECTIONS = 16
#: Where `requests` is told whose certificates to believe.
_AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: Calls that Cloud Storage takes in one request.
_CALLS_A_BATCH = 100
#: Statuses that pass: a request that took too long, and too many of them.
_PASSING = frozenset({408, 429})


class CloudStorage:
    """The uploads and chunks buckets. `STORAGE_EMULATOR_HOST` moves it to an emulator.

    What fails in passing is tried again for `retry_seconds`. Every method raises TransientError
    where the storage is away, MisconfiguredError where it refuses this deployment, and
    PermanentError STORAGE_REFUSED where it refuses this file.
    """

    def __init__(self, settings: StorageSettings, *, retry_seconds: float = 30) -> None:
        self._settings = settings
        self._retry_seconds = retry_seconds

    @cached_property
    def client(self) -> Client:
        """Google's client of this process."""
        from urllib.request import getproxies

        from google.cloud.storage import Client  # 0.3 s that not every door needs
        from requests.adapters import HTTPAdapter

        client = Client(project=self._settings.project)
        # Looked up once: each request would go through the whole environment for them, and for a
        # password in ~/.netrc, which takes a quarter of its time.
        client._http.trust_env = bool(getproxies()) or any(map(os.environ.get, _AUTHORITIES))
        for scheme in ("https://", "http://"):
            client._http.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
        return client

    @cached_property
    def patience(self) -> dict[str, Any]:
        """How long each request is waited for, and tried again: arguments of the client's calls."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        return {"timeout": _SILENCE, "retry": DEFAULT_RETRY.with_timeout(self._retry_seconds)}

    def close(self) -> None:
        """Close the connections that are kept open for the next request."""
        if "client" in self.__dict__:
            self.client.close()

    def download(self, ref: ObjectRef, target: Path, *, max_bytes: int | None = None) -> int:
        """Write the object to `target`, return its size in bytes. NotFound if it is gone.

        Raises PermanentError (DOCUMENT_TOO_LARGE) above `max_bytes`, before anything is fetched.
        """
        with translated(ref):
            blob = self._blob(ref)
            if max_bytes is not None:
                blob.reload(**self.patience)
                if blob.size > max_bytes:
                    raise PermanentError(
                        f"The document has {blob.size:,} bytes, and {max_bytes:,} are taken at "
                        "once. Split it, and send the parts.",
                        code="DOCUMENT_TOO_LARGE",
                    )
            blob.download_to_filename(str(target), **self.patience)
        return target.stat().st_size

    def read_chunk(self, ref: ObjectRef) -> bytes:
        """Return a chunk's PDF."""
        with translated(ref):
            content: bytes = self._blob(ref).download_as_bytes(**self.patience)
        return content

    def put_chunk(self, name: str, path: Path) -> ObjectRef:
        """Create a chunk PDF; an object of that name that is already there is kept."""
        ref = ObjectRef(self._settings.chunks_bucket, name)
        with path.open("rb") as file:
            size = path.stat().st_size
            if size <= _ONE_REQUEST_BYTES:
                return self._create(ref, file, size=size)
            # The client can't compute a checksum of windows. This one the service compares.
            checksum = _crc32c(file)
            # Told the size, the client would make one request of anything up to 8 MiB.
            return self._create(
                ref, MappedFile(file), checksum=None, crc32c_checksum_value=checksum
            )

    def put_upload(self, name: str, content: BinaryIO, size: int) -> ObjectRef:
        """Create a document that came through the API. `size` is in bytes."""
        return self._create(self.upload_ref(name), content, size=size, piece=_PIECE_BYTES)

    def begin_upload(self, name: str, size: int, *, origin: str | None = None) -> str:
        """Return the URL of a resumable session that can create the document once.

        Whoever has the URL can write this one object and nothing else, for a week.
        """
        ref = self.upload_ref(name)
        with translated(ref):
            url: str = self._blob(ref).create_resumable_upload_session(
                content_type="application/pdf",
                size=size,
                origin=origin,
                if_generation_match=0,
                **self.patience,
            )
        return url

    def upload_ref(self, name: str) -> ObjectRef:
        """Return where a document that comes through the API will lie."""
        return ObjectRef(self._settings.uploads_bucket, name)

    def find(self, ref: ObjectRef) -> ObjectRef | None:
        """Return the live version of the object, or None where there is none."""
        with translated(ref):
            blob = self.client.bucket(ref.bucket).get_blob(ref.name, **self.patience)
        return None if blob is None else ObjectRef(ref.bucket, ref.name, blob.generation)

    def ping(self) -> None:
        """Return if the uploads bucket is there and may be read."""
        bucket = self._settings.uploads_bucket
        with translated(ObjectRef(bucket, "")):
            next(iter(self.client.list_blobs(bucket, max_results=1, timeout=2, retry=None)), None)

    def remove_chunks(self, job_id: JobId) -> int:
        """Remove whatever lies under a job's name in the chunks bucket; return how many."""
        ref = ObjectRef(self._settings.chunks_bucket, chunk_pdfs(job_id))
        removed = 0
        with translated(ref):
            # The listing has the last word: of a batch's calls only one's refusal is raised.
            while names := self._first_names(ref):
                self.patience["retry"](self._remove)(ref.bucket, names)
                removed += len(names)
        return removed

    def remove_upload(self, source: ObjectRef) -> int:
        """Remove the document itself; 0 where it is gone already or never came."""
        from google.api_core.exceptions import NotFound as Missing

        with translated(source):
            try:
                self.client.bucket(source.bucket).delete_blob(source.name, **self.patience)
            except Missing:
                return 0
        return 1

    def _first_names(self, ref: ObjectRef) -> list[str]:
        listing = self.client.list_blobs(
            ref.bucket,
            prefix=ref.name,
            max_results=_CALLS_A_BATCH,
            fields="items(name),nextPageToken",
            **self.patience,
        )
        return [blob.name for blob in listing]

    def _remove(self, bucket: str, names: list[str]) -> None:
        from google.api_core.exceptions import NotFound as Missing

        # Another run of maintain may have been at it.
        with suppress(Missing), self.client.batch():
            self.client.bucket(bucket).delete_blobs(names, timeout=_SILENCE)

    def _blob(self, ref: ObjectRef, *, piece: int | None = None) -> Blob:
        bucket = self.client.bucket(ref.bucket)
        return bucket.blob(ref.name, generation=ref.generation, chunk_size=piece)

    def _create(
        self,
        ref: ObjectRef,
        content: BinaryIO | MappedFile,
        *,
        piece: int | None = None,
        **options: Any,
    ) -> ObjectRef:
        from google.api_core.exceptions import PreconditionFailed

        with translated(ref):
            blob = self._blob(ref, piece=piece)
            try:
                blob.upload_from_file(
                    content,
                    content_type="application/pdf",
                    if_generation_match=0,
                    **self.patience,
                    **options,
                )
            except PreconditionFailed:
                # An answer that was lost on its way makes the client send again: it is there.
                blob.reload(**self.patience)
        return ObjectRef(ref.bucket, ref.name, blob.generation)


def _crc32c(file: BinaryIO) -> str:
    """Return the checksum of what is left of the file, as Cloud Storage writes it."""
    from google_crc32c import extend

    checksum = 0
    while piece := file.read(1 << 16):
        checksum = extend(checksum, piece)
    return b64encode(checksum.to_bytes(4, "big")).decode()


@contextmanager
def translated(ref: ObjectRef) -> Iterator[None]:
    """Raise our errors in place of the client's."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from google.auth.exceptions import TransportError as TokenTransportError
    from google.cloud.storage.exceptions import DataCorruption
    from requests.exceptions import ChunkedEncodingError, ConnectionError, Timeout  # noqa: A004

    try:
        yield
    except exceptions.NotFound as error:
        raise NotFound(
            "The stored file is gone. Send the document again.", code="OBJECT_NOT_FOUND"
        ) from error
    except (exceptions.Unauthorized, exceptions.Forbidden) as error:
        raise misconfigured(
            f"Cloud Storage refuses bucket {ref.bucket} to this service; check the roles of its "
            "service account."
        ) from error
    except exceptions.GoogleAPICallError as error:
        if error.code in _PASSING or (error.code or 500) >= 500:
            raise _unavailable() from error
        raise PermanentError(
            "Cloud Storage refuses this file. Send the document again; if that ends the same "
            "way, an operator has to look at the log.",
            code="STORAGE_REFUSED",
        ) from error
    except GoogleAuthError as error:
        # A token that could not be fetched is wrapped where a metadata server should give it.
        cause = error.__cause__ or error
        if error.retryable or isinstance(cause, TokenTransportError):
            raise _unavailable() from error
        raise misconfigured(
            "Google does not know this service: check its service account, or where "
            "GOOGLE_APPLICATION_CREDENTIALS points."
        ) from error
    except (
        exceptions.RetryError,
        DataCorruption,
        ChunkedEncodingError,
        ConnectionError,
        Timeout,
    ) as error:
        raise _unavailable() from error


def _unavailable() -> TransientError:
    return TransientError("Cloud Storage does not answer.", code="STORAGE_UNAVAILABLE")
