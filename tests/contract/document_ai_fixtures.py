"""A running Document AI emulator, and PDFs to send it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pikepdf
import pytest
import uvicorn
from google.auth.credentials import AnonymousCredentials
from google.cloud import documentai_v1
from google.cloud.documentai_v1.services.document_processor_service.transports import (
    DocumentProcessorServiceGrpcTransport,
)
from google.cloud.storage import Client
from google.protobuf.field_mask_pb2 import FieldMask

from infra.local.emulators.cloud_storage import create_app
from infra.local.emulators.document_ai import PROCESSOR, Controls, Server, serve
from infra.local.emulators.file_store import FileStore
from infra.ocr.document_ai import DocumentAiEngine
from infra.settings import DocumentAiSettings
from tests.pdfs import write_born_digital

Result = TypeVar("Result")


class Loop:
    """An event loop in a thread of its own, as the emulators' process has one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulator")
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self.start(coroutine).result(timeout=120)

    def start(self, coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class Emulator:
    """The emulator with Google's own client, and the adapter, connected to it."""

    loop: Loop
    server: Server
    controls: Controls
    client: Any
    #: What the quota's minute is measured by. It only moves when a test moves it.
    clock: list[float]

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    def process(
        self,
        pdf: bytes | None = None,
        *,
        mime_type: str = "application/pdf",
        imageless: bool = True,
        native: bool = True,
        mask: str = "",
        options: dict[str, Any] | None = None,
        name: str = PROCESSOR,
        timeout: float = 60,
        **fields: Any,
    ) -> Any:
        """Call ProcessDocument without retries; return the answer's raw Document.

        `native` is what Quire asks for by default, and the service does not.
        """
        if pdf is not None:
            fields["raw_document"] = {"content": pdf, "mime_type": mime_type}
        request = documentai_v1.ProcessRequest(
            name=name,
            imageless_mode=imageless,
            field_mask=FieldMask(paths=mask.split(",") if mask else []),
            process_options=options or {},
            **fields,
        )
        request.process_options.ocr_config.enable_native_pdf_parsing = native
        response = self.client.process_document(request, retry=None, timeout=timeout)
        return documentai_v1.ProcessResponse.pb(response).document

    def adapter(self, **settings: Any) -> DocumentAiEngine:
        return DocumentAiEngine(
            DocumentAiSettings(
                processor=PROCESSOR, endpoint=self.endpoint, insecure=True, **settings
            )
        )


@pytest.fixture(scope="module")
def document_ai_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileStore]:
    with FileStore(tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture(scope="module")
def running_document_ai(document_ai_store: FileStore) -> Iterator[Emulator]:
    loop = Loop()
    clock = [1000.0]
    controls = Controls(clock=lambda: clock[0])
    server = loop.run(serve(host="127.0.0.1", port=0, controls=controls, store=document_ai_store))
    channel = grpc.insecure_channel(
        f"127.0.0.1:{server.port}",
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    client = documentai_v1.DocumentProcessorServiceClient(
        transport=DocumentProcessorServiceGrpcTransport(channel=channel)
    )
    yield Emulator(loop, server, controls, client, clock)
    channel.close()
    loop.run(server.stop())
    loop.close()


@pytest.fixture(scope="module")
def bucket(running_document_ai: Emulator, document_ai_store: FileStore) -> Iterator[Any]:
    """A bucket of the Cloud Storage emulator over the same store, by Google's own client."""
    loop = running_document_ai.loop
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(
        uvicorn.Config(create_app(document_ai_store, public_url=url), log_level="error")
    )
    serving = loop.start(server.serve(sockets=[listening]))
    client = Client(
        project="quire-test",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": url},
    )
    yield client.create_bucket("papers")
    client.close()
    server.should_exit = True
    serving.result(timeout=30)


@pytest.fixture
def emulator(running_document_ai: Emulator) -> Emulator:
    """The emulator as it is after its start: every switch at its default, the quota unused."""
    running_document_ai.controls.update(Controls().as_dict())
    running_document_ai.clock[0] += 3600
    return running_document_ai


@pytest.fixture
def engine(emulator: Emulator) -> Iterator[DocumentAiEngine]:
    adapter = emulator.adapter()
    yield adapter
    adapter.close()


@pytest.fixture(scope="module")
def pdf_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Make a PDF of so many born-digital pages, or of pages with these texts."""
    folder = tmp_path_factory.mktemp("pdfs")

    def make(pages: int | list[str]) -> bytes:
        if isinstance(pages, int):
            pages = [f"Page {number}\n\nIt has some words." for number in range(1, pages + 1)]
        path = folder / "made.pdf"
        write_born_digital(path, pages)
        return path.read_bytes()

    return make


def encrypted(pdf: bytes, *, user: str = "secret") -> bytes:
    """Return the PDF, to be opened with a password."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        target = BytesIO()
        opened.save(target, encryption=pikepdf.Encryption(owner="owner", user=user))
        return target.getvalue()


def without_pages() -> bytes:
    """Return a sound PDF that has no pages."""
    with pikepdf.new() as empty:
        target = BytesIO()
        empty.save(target)
        return target.getvalue()


def padded(pdf: bytes, size: int) -> bytes:
    """Return the PDF with a stream that nobody needs, `size` bytes in all."""
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.Root.Padding = pikepdf.Stream(opened, b"")
        target = BytesIO()
        opened.save(target)
        filler = size - len(target.getvalue())
        for _ in range(3):
            # The stream's own length is written in digits, whose number may change the size.
            opened.Root.Padding = pikepdf.Stream(opened, b" " * filler)
            target = BytesIO()
            opened.save(target, compress_streams=False)
            filler += size - len(target.getvalue())
        assert len(target.getvalue()) == size
        return target.getvalue()


def saved(folder: Path, write: Callable[[Path], object]) -> bytes:
    """Return what a function writes to a path."""
    path = folder / "made.pdf"
    write(path)
    return path.read_bytes()
