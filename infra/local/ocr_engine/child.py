"""A process of the pool: reads the pages it is asked for, one at a time, within its limits.

Run as `python -m infra.local.ocr_engine.child MEGABYTES`, with requests on its standard input
and replies on its standard output. It ends when its input does, also in the middle of a page:
whoever asked is gone.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from infra.local.ocr_engine.engine import read_page, recognizer
from infra.local.ocr_engine.errors import (
    OUT_OF_MEMORY,
    EncryptedPdf,
    PageUnreadable,
    UnreadablePdf,
)
from infra.local.ocr_engine.languages import models_for
from infra.local.ocr_engine.messages import (
    LENGTH,
    Count,
    Counted,
    Failed,
    File,
    Forget,
    PageRead,
    Read,
    Ready,
    Reply,
    Request,
    Trouble,
    Warm,
    decode_request,
    framed,
)

#: Above this part of its limit, memory that earlier pages left behind could be the undoing of
#: the next one: the child ends after its answer, and the pool starts another.
_FULL = 0.6


class Reader:
    """Answers requests, with the files of running calls held open."""

    def __init__(self) -> None:
        self._open: dict[File, pypdfium2.PdfDocument] = {}

    def answer(self, request: Request) -> Reply | None:
        """Do what is asked. Raises the engine's errors."""
        match request:
            case Warm():
                recognizer().load(models_for((), recognizer().available))
                return Ready()
            case Count(file):
                return Counted(len(self._document(file)))
            case Read(file, index, languages, own_text):
                document = self._document(file)
                return PageRead(read_page(document, index, languages=languages, own_text=own_text))
            case Forget(file):
                if document := self._open.pop(file, None):
                    document.close()
                return None

    def _document(self, file: File) -> pypdfium2.PdfDocument:
        if file not in self._open:
            self._open[file] = open_pdf(file.path)
        return self._open[file]


def open_pdf(path: str) -> pypdfium2.PdfDocument:
    """Open a file that need not have a name any more (`/proc/…/fd/…`).

    Raises EncryptedPdf or UnreadablePdf.
    """
    handle = pdfium.FPDF_LoadDocument(os.fsencode(path) + b"\0", None)
    if handle:
        return pypdfium2.PdfDocument(handle)
    if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD:
        raise EncryptedPdf("The PDF opens only with a password.")
    raise UnreadablePdf("The file can't be opened as a PDF.")


def reply_to(reader: Reader, request: Request) -> Reply | None:
    """Answer a request, with what went wrong as an answer too."""
    try:
        return reader.answer(request)
    except EncryptedPdf as error:
        return Failed(Trouble.ENCRYPTED, str(error))
    except UnreadablePdf as error:
        return Failed(Trouble.UNREADABLE, str(error))
    except PageUnreadable as error:
        return Failed(Trouble.PAGE, error.reason)
    except MemoryError:
        return Failed(Trouble.MEMORY, OUT_OF_MEMORY)
    except Exception:  # noqa: BLE001 - goes to the parent whole, which logs it and names the page
        return Failed(Trouble.UNKNOWN, traceback.format_exc())


def _limit_memory(megabytes: int) -> None:
    if sys.platform != "linux":
        return  # elsewhere the kernel knows no limit that it keeps; the time limit remains
    import resource  # not on every platform

    limit = megabytes << 20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _megabytes_in_use() -> int:
    """Return what counts against the limit; 0 where that can't be told."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    return int(status.partition("VmData:")[2].split()[0]) >> 10


def _listen(requests: queue.SimpleQueue[Request]) -> None:
    """Pass requests on; end the process, whatever it is doing, when there will be no more."""
    with os.fdopen(0, "rb", closefd=False) as stream:
        while len(head := stream.read(LENGTH.size)) == LENGTH.size:
            requests.put(decode_request(stream.read(LENGTH.unpack(head)[0])))
    os._exit(0)


def main(megabytes: int) -> None:
    """Answer requests until there are no more."""
    # Ctrl-C in a terminal reaches every process of it; the parent decides for this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(megabytes)
    # Libraries print what they think: that must not get among the replies.
    out = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)

    requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    reader = Reader()
    with os.fdopen(out, "wb") as replies:
        replies.write(framed(Ready()))
        replies.flush()
        while True:
            reply = reply_to(reader, requests.get())
            if reply is None:
                continue
            replies.write(framed(reply))
            replies.flush()
            spent = isinstance(reply, Failed) and reply.trouble is Trouble.MEMORY
            if spent or _megabytes_in_use() > megabytes * _FULL:
                os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
