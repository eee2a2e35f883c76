"""What the pipeline sees of Cloud Storage, through Google's client."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from threading import Barrier

import psutil
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.cloud import storage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from common.errors import MisconfiguredError, NotFound, PermanentError, QuireError, TransientError
from common.models import ObjectRef
from infra.local.emulators import cloud_storage
from infra.local.emulators.file_store import FileStore
from infra.settings import StorageSettings
from infra.storage.cloud_storage import CloudStorage
from tests.bench.memory import Peak, own_memory
from tests.contract.storage_fixtures import (
    KillableEmulator,
    client,
    google_client,
    killable,
    listening_socket,
    serving,
    storage_url,
    url_of,
)

__all__ = ["client", "killable", "storage_url"]

#: The client leaves the answer to a refused download unread, and its connection to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

MIB = 1 << 20
SETTINGS = StorageSettings()
#: What a library or a service says must not reach a user.
THEIRS = "not for users"


@pytest.fixture(autouse=True)
def nothing_left_to_collect() -> Iterator[None]:
    """Collect here what would warn in a later test."""
    yield
    gc.collect()


@pytest.fixture
def adapter(
    storage_url: str, client: storage.Client, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CloudStorage]:
    """The adapter on an emulator that has the buckets."""
    client.create_bucket(SETTINGS.uploads_bucket)
    client.create_bucket(SETTINGS.chunks_bucket)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_url)
    with closing(CloudStorage(SETTINGS, retry_seconds=0.2)) as adapter:
        yield adapter


def test_sixteen_threads_keep_their_connections(
    adapter: CloudStorage, caplog: pytest.LogCaptureFixture
) -> None:
    ref = adapter.put_upload("a.pdf", BytesIO(b"%PDF-"), 5)
    together = Barrier(16)

    def read(_: int) -> None:
        together.wait(20)
        adapter.read_chunk(ref)

    with caplog.at_level("WARNING", "urllib3"), ThreadPoolExecutor(16) as threads:
        list(threads.map(read, range(16 * 8)))
    assert [record.getMessage() for record in caplog.records] == []


@contextmanager
def answering(status: int) -> Iterator[str]:
    """Serve Google's way to say that a request ends with this status."""

    async def refuse(_: Request) -> JSONResponse:
        error = {"code": status, "message": THEIRS, "errors": []}
        return JSONResponse({"error": error}, status_code=status)

    routes = [Route("/{path:path}", refuse, methods=["GET", "POST", "PUT"])]
    with listening_socket() as bound, serving(Starlette(routes=routes), bound):
        yield url_of(bound)


def attempts(adapter: CloudStorage, folder: Path) -> Iterator[QuireError]:
    """Do everything that the adapter can do; yield what each was refused with."""
    ref = ObjectRef(SETTINGS.chunks_bucket, "a", 1)
    small, large = folder / "small.pdf", folder / "large.pdf"
    small.write_bytes(b"%PDF-")
    large.write_bytes(bytes(3 * MIB))
    for attempt in (
        lambda: adapter.download(ref, folder / "target.pdf"),
        lambda: adapter.read_chunk(ref),
        lambda: adapter.put_chunk("a", small),
        lambda: adapter.put_chunk("a", large),
        lambda: adapter.begin_upload("a", 3),
        lambda: adapter.find(ref),
    ):
        with pytest.raises(QuireError) as raised:
            attempt()
        assert THEIRS not in raised.value.message
        assert raised.value.message.endswith(".")
        yield raised.value
    with small.open("rb") as content, pytest.raises(QuireError) as raised:
        adapter.put_upload("a", content, 5)
    yield raised.value
    adapter.close()


@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, 3 * MIB, 9 * MIB + 17])
def test_a_chunk_of_any_size_is_stored_as_it_is(
    adapter: CloudStorage, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "chunk.pdf"
    path.write_bytes(os.urandom(size))
    ref = adapter.put_chunk("a", path)
    assert adapter.find(ref) == ref
    assert adapter.read_chunk(ref) == path.read_bytes()
    assert adapter.download(ref, tmp_path / "copy.pdf") == size
    path.write_bytes(bytes(2 * MIB))
    assert adapter.put_chunk("a", path) == ref


@pytest.mark.parametrize("size", [5, 4 * MIB, 8 * MIB, 12 * MIB, 9 * MIB + 17])
def test_an_upload_of_any_size_is_stored_as_it_is(
    adapter: CloudStorage, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "upload.pdf"
    path.write_bytes(os.urandom(size))
    with path.open("rb") as content:
        ref = adapter.put_upload("a", content, size)
    assert ref.bucket == SETTINGS.uploads_bucket
    assert adapter.read_chunk(ref) == path.read_bytes()


def test_a_large_chunk_is_sent_without_being_held_in_memory(
    killable: KillableEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killable.start()
    client = google_client(killable.url)
    client.create_bucket(SETTINGS.chunks_bucket)
    client.close()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", killable.url)
    this = psutil.Process(os.getpid())
    path = tmp_path / "chunk.pdf"
    path.write_bytes(os.urandom(2 * MIB))
    with closing(CloudStorage(SETTINGS)) as adapter:
        adapter.put_chunk("warm", path)
        path.write_bytes(os.urandom(40 * MIB))
        before = own_memory(this)
        with Peak(lambda: own_memory(this)) as peak:
            for number in range(3):
                adapter.put_chunk(f"{number}", path)
    assert peak.value - before < 10 * MIB


def test_a_large_chunk_whose_first_try_is_refused_is_sent_again_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = listening_socket()
    refused: list[int] = []
    url = url_of(bound)
    with bound, FileStore(tmp_path / "store") as store:
        emulator = cloud_storage.create_app(store, public_url=url)

        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] != "PUT" or refused:
                await emulator(scope, receive, send)
                return
            refused.append(len(await Request(scope, receive).body()))
            await JSONResponse({}, status_code=503)(scope, receive, send)

        with serving(door, bound):
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
            with closing(google_client(url)) as client:
                client.create_bucket(SETTINGS.chunks_bucket)
            path = tmp_path / "chunk.pdf"
            path.write_bytes(os.urandom(3 * MIB + 17))
            with closing(CloudStorage(SETTINGS)) as adapter:
                ref = adapter.put_chunk("a", path)
                assert refused == [3 * MIB + 17]
                assert adapter.read_chunk(ref) == path.read_bytes()


def test_what_is_gone_is_not_found(adapter: CloudStorage, tmp_path: Path) -> None:
    gone = ObjectRef(SETTINGS.chunks_bucket, "gone", 1)
    for read in (lambda: adapter.read_chunk(gone), lambda: adapter.download(gone, tmp_path / "a")):
        with pytest.raises(NotFound) as raised:
            read()
        assert raised.value.code == "OBJECT_NOT_FOUND"
    assert adapter.find(gone) is None


def test_a_name_that_the_storage_does_not_take_is_a_permanent_error(
    adapter: CloudStorage, tmp_path: Path
) -> None:
    path = tmp_path / "chunk.pdf"
    path.write_bytes(b"%PDF-")
    with pytest.raises(PermanentError) as raised:
        adapter.put_chunk("a" * 2000, path)
    assert raised.value.code == "STORAGE_REFUSED"
    assert "aaa" not in raised.value.message


@pytest.mark.parametrize("status", [401, 403])
def test_a_storage_that_refuses_this_service_is_an_operators_matter(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(status) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        for error in attempts(CloudStorage(SETTINGS, retry_seconds=0.2), tmp_path):
            assert isinstance(error, MisconfiguredError)
            assert error.code == "SERVICE_MISCONFIGURED"
            assert SETTINGS.uploads_bucket not in error.message


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_storage_that_is_briefly_away_is_a_transient_error(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(status) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        for error in attempts(CloudStorage(SETTINGS, retry_seconds=0.2), tmp_path):
            assert isinstance(error, TransientError)
            assert error.code == "STORAGE_UNAVAILABLE"


@pytest.mark.parametrize("status", [400, 413])
def test_any_other_refusal_is_a_permanent_error(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(status) as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        for error in attempts(CloudStorage(SETTINGS, retry_seconds=0.2), tmp_path):
            assert type(error) is PermanentError
            assert error.code == "STORAGE_REFUSED"


def test_a_storage_that_nobody_serves_is_a_transient_error(
    unused_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{unused_port}")
    for error in attempts(CloudStorage(SETTINGS, retry_seconds=0.2), tmp_path):
        assert isinstance(error, TransientError)


def use_service_account(folder: Path, token_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client ask `token_url` for tokens of a service account that nobody knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "type": "service_account",
        "project_id": "quire-local",
        "private_key_id": "1",
        "private_key": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        "client_email": "nobody@quire-local.iam.gserviceaccount.com",
        "token_uri": token_url,
    }
    path = folder / "account.json"
    path.write_text(json.dumps(account))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))


def test_an_account_whose_tokens_can_not_be_fetched_is_a_transient_error(
    unused_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_service_account(tmp_path, f"http://127.0.0.1:{unused_port}/token", monkeypatch)
    adapter = CloudStorage(SETTINGS, retry_seconds=0.2)
    with closing(adapter), pytest.raises(TransientError):
        adapter.read_chunk(ObjectRef(SETTINGS.chunks_bucket, "a", 1))


def test_an_account_that_google_does_not_know_is_an_operators_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(401) as url:
        use_service_account(tmp_path, f"{url}/token", monkeypatch)
        adapter = CloudStorage(SETTINGS)
        with closing(adapter), pytest.raises(MisconfiguredError) as raised:
            adapter.read_chunk(ObjectRef(SETTINGS.chunks_bucket, "a", 1))
    assert "service account" in raised.value.detail
    assert "account" not in raised.value.message


def test_no_credentials_at_all_are_an_operators_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    for error in attempts(CloudStorage(SETTINGS), tmp_path):
        assert isinstance(error, MisconfiguredError)


def test_a_document_that_is_too_large_is_refused_before_it_is_fetched(
    adapter: CloudStorage, client: storage.Client, tmp_path: Path
) -> None:
    client.bucket(SETTINGS.uploads_bucket).blob("large.pdf").upload_from_string(
        b"%PDF-" + b"x" * 95
    )
    target = tmp_path / "large.pdf"
    with pytest.raises(PermanentError, match="100 bytes, and 99") as refused:
        adapter.download(ObjectRef(SETTINGS.uploads_bucket, "large.pdf"), target, max_bytes=99)
    assert refused.value.code == "DOCUMENT_TOO_LARGE"
    assert not target.exists()
    assert (
        adapter.download(ObjectRef(SETTINGS.uploads_bucket, "large.pdf"), target, max_bytes=100)
        == 100
    )


def test_a_proxy_that_the_environment_names_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://storage.invalid")
    with answering(404) as proxy, monkeypatch.context() as environment:
        environment.setenv("HTTP_PROXY", proxy)
        environment.setenv("http_proxy", proxy)
        environment.delenv("NO_PROXY", raising=False)
        environment.delenv("no_proxy", raising=False)
        with (
            closing(CloudStorage(SETTINGS, retry_seconds=0.2)) as adapter,
            pytest.raises(NotFound, match="gone"),
        ):
            adapter.read_chunk(ObjectRef(SETTINGS.chunks_bucket, "chunk.pdf"))
