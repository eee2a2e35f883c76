"""The process that parses a client's PDF: limited in memory, time and output, and replaceable.

Run as `python -m infra.pdf.process ENGINE MEMORY_BYTES`. It answers each line of JSON with one:
the first names the file, the others what to cut from it. When a command takes too long the system
ends the process by its alarm, in the middle of native code too, and even if the parent is gone.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from infra.pdf.engine import Engine, Reason, Refused

_START_SECONDS = 60.0
#: Python, the engine's library and thread stacks. A file may be mapped whole beside them.
_PROGRAM_BYTES = 512 << 20
#: A chunk that is larger than this beside its source is not worth having.
_OUTPUT_FACTOR = 4
_OUTPUT_BYTES = 64 << 20


def limit(memory_bytes: int, file_bytes: int) -> None:
    """Limit this process for good."""
    space = memory_bytes + file_bytes + _PROGRAM_BYTES
    output = _OUTPUT_FACTOR * file_bytes + _OUTPUT_BYTES
    # The first counts own memory only, without the mapped file, but not every kernel heeds it.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def load(engine: str) -> Callable[[Path, dict[str, Any]], Engine]:
    """Load the engine's library, and only that one, and return what opens a file with it."""
    from infra.pdf.in_place import InPlace, prepare_qpdf

    prepare_qpdf()
    if engine == "pdfium":
        from infra.pdf.imported import Imported

        return lambda path, command: Imported(path, command["password"])
    return lambda path, command: InPlace(path, command["password"])


def begin() -> TextIO:
    """Get this process ready for commands and return where its answers go."""
    # Ctrl-C reaches every process of a terminal; this one goes with its parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    alarm(_START_SECONDS)
    # Nothing that a library prints may end up among the answers.
    replies = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    return replies


def main(engine_name: str, memory_bytes: int) -> None:
    """Answer commands until the parent closes the pipe or goes."""
    replies = begin()
    open_with = load(engine_name)
    engine: Engine | None = None
    reply: dict[str, Any] = {"ready": True}
    while True:
        alarm(0)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
        line = sys.stdin.readline()
        if not line:
            return
        command = json.loads(line)
        alarm(command["seconds"])
        try:
            if engine is None:
                path = Path(command["path"])
                limit(memory_bytes, path.stat().st_size)
                engine = open_with(path, command)
                reply = {"page_count": engine.page_count, "warnings": list(engine.warnings)}
            else:
                size = engine.cut(command["first"], command["last"], Path(command["target"]))
                reply = {"size": size, "warnings": list(engine.warnings)}
        except Refused as refused:
            reply = {"refused": refused.reason}
        except (MemoryError, RecursionError):
            reply = {"refused": Reason.UNREADABLE_PDF}
        except OSError as error:
            if error.errno == errno.EFBIG:
                reply = {"refused": Reason.UNREADABLE_PDF}
            else:
                reply = {"errno": error.errno, "strerror": error.strerror}


def alarm(seconds: float) -> None:
    """Have the system end this process in so many seconds; with 0, not at all."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
