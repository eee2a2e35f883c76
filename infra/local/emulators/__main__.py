"""The one process of all emulators: `python -m infra.local.emulators --help`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from infra.local.emulators.options import parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return the process's exit code."""
    began = time.perf_counter()
    options = parse(arguments)
    # gRPC reads these while it is imported. Its fork handlers have nothing to do for the engine's
    # processes, which are forked to exec at once; what goes wrong reaches us as an exception, and
    # stderr is for log lines.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from infra.local.emulators.process import run

    return run(options, began)


if __name__ == "__main__":
    sys.exit(main())
