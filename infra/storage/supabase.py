"""Results in Supabase Storage, by the client that Supabase's own package is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

from common.errors import NotFound, PermanentError, TransientError
from common.models import DocumentId
from common.names import results, run_of
from infra.refusals import misconfigured
from infra.settings import SupabaseSettings

if TYPE_CHECKING:
    from storage3 import SyncStorageClient
    from storage3.types import ListBucketFilesOptions

Answer = TypeVar("Answer")

#: The client has no retries of its own, and an OCR result that is lost here was paid for.
_RETRY_SECONDS: Final = 20.0

#: Objects that one call may remove.
_LISTED_AT_ONCE: Final = 1000


class SupabaseStorage:
    """The chunk results' and the merged results' buckets; private, reached by the service key.

    Every method raises TransientError where the storage is away, MisconfiguredError where it
    refuses the key, and PermanentError RESULT_TOO_LARGE or RESULTS_REFUSED.
    """

    def __init__(
        self, settings: SupabaseSettings, *, retry_seconds: float = _RETRY_SECONDS
    ) -> None:
        self._settings = settings
        self._retry_seconds = retry_seconds

    @cached_property
    def _client(self) -> SyncStorageClient:
        from httpx import Client  # 0.3 s that not every door needs
        from storage3 import SyncStorageClient

        key = self._settings.service_key.get_secret_value()
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        return SyncStorageClient(
            f"{self._settings.url.rstrip('/')}/storage/v1/",
            headers,
            http_client=Client(headers=headers, timeout=20, follow_redirects=True),
        )

    def close(self) -> None:
        """Close the connections that are kept open for the next request."""
        if "_client" in self.__dict__:
            self._client.session.close()

    def write_chunk(self, name: str, content: bytes) -> None:
        """Store a chunk's result. Keeps what is already there under that name."""
        self._create(
            lambda: self._post(self._settings.chunks_bucket, name, content, "application/json")
        )

    def read_chunk(self, name: str) -> bytes:
        """Return a chunk's result. NotFound if it is gone."""
        bucket = self._client.from_(self._settings.chunks_bucket)
        return self._retried(lambda: bucket.download(name))

    def write_result(self, name: str, content: BinaryIO, content_type: str) -> None:
        """Store a merged result, read from an open file."""
        bucket = self._client.from_(self._settings.results_bucket)

        def upload() -> object:
            content.seek(0)
            return bucket.upload(
                name,
                content,  # type: ignore[arg-type]  # any file opened for reading bytes
                {"content-type": content_type, "upsert": "false"},
            )

        self._create(upload)

    def write_small(self, name: str, content: bytes, content_type: str) -> None:
        """Store a merged result that is in memory."""
        self._create(lambda: self._post(self._settings.results_bucket, name, content, content_type))

    def read_result(self, name: str, *, max_bytes: int) -> bytes | None:
        """Return a merged result, or None where it is larger. NotFound if it is gone."""
        from storage3.exceptions import StorageApiError

        bucket = self._settings.results_bucket
        url = f"{self._settings.url.rstrip('/')}/storage/v1/object/{bucket}/{name}"

        def download() -> bytes | None:
            content = bytearray()
            # The client itself would read any size to its end.
            with self._client.session.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise StorageApiError("no result", "Refused", answer.status_code)
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > max_bytes:
                        return None
            return bytes(content)

        return self._retried(download)

    def download_result(self, name: str, target: Path) -> None:
        """Write a merged result into a file, piece by piece. NotFound if it is gone."""
        from storage3.exceptions import StorageApiError

        bucket = self._settings.results_bucket
        url = f"{self._settings.url.rstrip('/')}/storage/v1/object/{bucket}/{name}"

        def download() -> None:
            with self._client.session.stream("GET", url) as answer, target.open("wb") as file:
                if answer.status_code != 200:
                    raise StorageApiError("no result", "Refused", answer.status_code)
                for piece in answer.iter_bytes(1 << 20):
                    file.write(piece)

        self._retried(download)

    def link(self, name: str, *, seconds: int, filename: str) -> str:
        """Return a URL that shows a merged result for so many seconds, to whoever has it."""
        bucket = self._client.from_(self._settings.results_bucket)
        answer = self._retried(
            lambda: bucket.create_signed_url(name, seconds, {"download": filename})
        )
        url: str | None = answer["signedURL"]
        if url is None:
            raise NotFound("The stored result is gone.", code="OBJECT_NOT_FOUND")
        return url

    def ping(self) -> None:
        """Return if the results' bucket is there and the key is good for it."""
        with _translated():
            self._client.get_bucket(self._settings.results_bucket)

    def remove_chunks(self, document_id: DocumentId, *, run: int, keep: Collection[str]) -> int:
        """Remove a run's results of a document's chunks but for those named; return how many."""
        return self._remove(self._settings.chunks_bucket, results(document_id), run, keep)

    def remove_named(self, names: Sequence[str]) -> int:
        """Remove these chunk results, at most a thousand; return how many were there."""
        bucket = self._client.from_(self._settings.chunks_bucket)
        return len(self._retried(partial(bucket.remove, list(names))))

    def remove_results(self, document_id: DocumentId, *, run: int, keep: Collection[str]) -> int:
        """Remove a run's merged results but for those named; return how many objects."""
        return self._remove(self._settings.results_bucket, results(document_id), run, keep)

    def _remove(self, bucket_name: str, folder: str, run: int, keep: Collection[str]) -> int:
        bucket = self._client.from_(bucket_name)
        removed = kept = 0
        while rows := self._retried(partial(bucket.list, folder, _page(behind=kept))):
            names = [f"{folder}/{row['name']}" for row in rows]
            unwanted = [name for name in names if run_of(name) == run and name not in keep]
            gone = self._retried(partial(bucket.remove, unwanted)) if unwanted else []
            # What stays is in front of the next page, whyever it stays: no page comes twice.
            kept += len(rows) - len(gone)
            removed += len(gone)
        return removed

    def _post(self, bucket: str, name: str, content: bytes, content_type: str) -> None:
        """Create an object of which nothing but its content is sent.

        The client's own upload makes a form of it, for almost twice the CPU time on both sides.
        """
        from storage3.exceptions import StorageApiError

        # Of a form's type the service drops the parameters; of this it would keep them, and look
        # for them among the types that the bucket takes.
        bare_type, _, _ = content_type.partition(";")
        answer = self._client.session.post(
            f"{self._settings.url.rstrip('/')}/storage/v1/object/{bucket}/{name}",
            content=content,
            # As the client's own upload has it.
            headers={"content-type": bare_type.strip(), "cache-control": "max-age=3600"},
        )
        if answer.is_success:
            return
        try:
            error = answer.json()
            raise StorageApiError(error["message"], error["error"], error["statusCode"])
        except (KeyError, TypeError, ValueError) as unknown:
            # Who stands in front of the service says it in other words.
            raise StorageApiError("no JSON", "Refused", answer.status_code) from unknown

    def _create(self, upload: Callable[[], object]) -> None:
        from storage3.exceptions import StorageApiError

        def upload_once() -> None:
            try:
                upload()
            except StorageApiError as error:
                # Names are made from attempts: what is there is this attempt's own, sent twice.
                if str(error.status) != "409" and error.code != "Duplicate":
                    raise

        self._retried(upload_once)

    def _retried(self, call: Callable[[], Answer]) -> Answer:
        from google.api_core.exceptions import RetryError
        from google.api_core.retry import Retry, if_exception_type

        def translated() -> Answer:
            with _translated():
                return call()

        retry = Retry(
            predicate=if_exception_type(TransientError),
            initial=0.2,
            maximum=3.0,
            timeout=self._retry_seconds,
        )
        try:
            answer: Answer = retry(translated)()
        except RetryError as error:
            raise _unavailable() from error
        return answer


def _page(*, behind: int) -> ListBucketFilesOptions:
    by_name = {"column": "name", "order": "asc"}
    # The type of `sortBy` has no public name.
    return {"limit": _LISTED_AT_ONCE, "offset": behind, "sortBy": by_name}  # type: ignore[typeddict-item]


@contextmanager
def _translated() -> Iterator[None]:
    from httpx import TransportError
    from storage3.exceptions import StorageApiError

    try:
        yield
    except TransportError as error:
        raise _unavailable() from error
    except StorageApiError as error:
        status = int(error.status) if str(error.status).isdigit() else 0
        if status == 404:
            raise NotFound("The stored result is gone.", code="OBJECT_NOT_FOUND") from error
        if status in {401, 403}:
            raise misconfigured(
                "Supabase Storage refuses the service key; check SUPABASE__SERVICE_KEY."
            ) from error
        if status in {408, 429} or status >= 500:
            raise _unavailable() from error
        if status == 413:
            raise PermanentError(
                "This result is larger than the limit of what is kept. Choose fewer pages a "
                "chunk, or ask the operator to raise it.",
                code="RESULT_TOO_LARGE",
            ) from error
        raise PermanentError(
            "Supabase Storage refuses this result; an operator has to look at the log.",
            code="RESULTS_REFUSED",
        ) from error


def _unavailable() -> TransientError:
    return TransientError("Supabase Storage does not answer.", code="RESULTS_UNAVAILABLE")
