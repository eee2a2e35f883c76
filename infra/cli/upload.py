"""Brings a document's bytes to the API: in one request, or piece by piece so it can resume."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final
from uuid import uuid4

import httpx

from infra.cli.api import BUSY_STATUSES, Api, Options, Submission
from infra.cli.exits import CommandError, Exit, UnusableInput
from infra.cli.patience import Patience
from infra.cli.source import SourcePdf
from infra.cli.trouble import Away

#: Cloud Run takes requests of 32 MiB; the rest is room for the form around the file.
WHOLE_LIMIT_BYTES: Final = 32_000_000
#: A resumable session takes multiples of 256 KiB; 8 MiB is what Google's own clients advise.
PIECE_BYTES: Final = 8 * 1024 * 1024
_PIECE_TIMEOUT: Final = httpx.Timeout(120, connect=5)
_INCOMPLETE: Final = 308
_RANGE = re.compile(r"^bytes=0-(\d+)$")

#: Told how many bytes have gone out and how many there are.
OnBytes = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Uploader:
    """Sends documents. `patience` is made anew for each wait."""

    api: Api
    patience: Callable[[], Patience]
    whole_limit: int = WHOLE_LIMIT_BYTES
    piece_bytes: int = PIECE_BYTES

    def send(self, pdf: SourcePdf, options: Options, on_bytes: OnBytes) -> Submission:
        """Send the document and return what the API made of it.

        Raises CommandError: refused, unreachable, or the file changed meanwhile.
        """
        # One for all tries: a request that broke off may have been taken, and is not taken twice.
        key = str(uuid4())
        if pdf.size <= self.whole_limit:
            with _Counted(pdf, on_bytes) as counted:
                return self._insist(
                    lambda: self.api.send_whole(counted, pdf.filename, options, key)
                )
        submission = self._insist(
            lambda: self.api.open_upload(pdf.filename, pdf.size, options, key)
        )
        if submission.upload_url is None:
            raise CommandError(
                "The API named no address to upload to.", Exit.FAILED, code="UNKNOWN_ANSWER"
            )
        self.send_to(submission.upload_url, pdf, on_bytes)
        return submission

    def send_to(self, url: str, pdf: SourcePdf, on_bytes: OnBytes) -> None:
        """Bring the document to an upload's own address. Raises as `send` does."""
        with pdf.path.open("rb") as file:
            self._send_pieces(file, pdf, url, on_bytes)

    def _insist(self, send: Callable[[], Submission]) -> Submission:
        patience = self.patience()
        while True:
            try:
                return send()
            except Away as error:
                patience.wait(error)

    def _send_pieces(self, file: BinaryIO, pdf: SourcePdf, url: str, on_bytes: OnBytes) -> None:
        held = 0
        unsure = False
        patience = self.patience()
        on_bytes(held, pdf.size)
        while True:
            try:
                # Only the service knows how much of a broken piece has arrived.
                if unsure:
                    now = self._put(url, f"bytes */{pdf.size}", b"")
                else:
                    now = self._put_piece(file, pdf, url, held)
            except Away as error:
                patience.wait(error)
                unsure = True
                continue
            if now is None:
                on_bytes(pdf.size, pdf.size)
                return
            if now > held:
                patience.renew()
            held = now
            unsure = held >= pdf.size
            on_bytes(held, pdf.size)

    def _put_piece(self, file: BinaryIO, pdf: SourcePdf, url: str, start: int) -> int | None:
        file.seek(start)
        piece = file.read(min(self.piece_bytes, pdf.size - start))
        if len(piece) < min(self.piece_bytes, pdf.size - start):
            raise UnusableInput(f"{pdf.path} became shorter while it was sent.", code="CHANGED")
        span = f"bytes {start}-{start + len(piece) - 1}/{pdf.size}"
        held = self._put(url, span, piece)
        if held == start:
            raise Away("the storage kept nothing of the last piece")
        return held

    def _put(self, url: str, span: str, content: bytes) -> int | None:
        """Return how many bytes the service holds, or None when it has them all."""
        try:
            response = self.api.plain.put(
                url, content=content, headers={"Content-Range": span}, timeout=_PIECE_TIMEOUT
            )
        except httpx.TransportError as error:
            raise Away(str(error)) from error
        if response.status_code == _INCOMPLETE:
            held = _RANGE.match(response.headers.get("Range", ""))
            return int(held[1]) + 1 if held else 0
        if response.is_success:
            return None
        if response.status_code in BUSY_STATUSES:
            raise Away(f"HTTP {response.status_code}")
        raise CommandError(
            f"The storage refused the upload (HTTP {response.status_code}).",
            Exit.FAILED,
            code="UPLOAD_REFUSED",
            advice="An upload's address ends after some days: submit the document again.",
        )


class _Counted(io.FileIO):
    """A file that tells how far it has been read; httpx begins at its start again on a retry."""

    def __init__(self, pdf: SourcePdf, on_bytes: OnBytes) -> None:
        super().__init__(pdf.path)
        self._size = pdf.size
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(-1 if size is None else size)
        self._on_bytes(min(self.tell(), self._size), self._size)
        return content
