"""A Cloud Storage emulator as a process of its own, which tests may kill.

Run with a folder, the number of an inherited listening socket, and the URL that gets the events
of the bucket `watched` (or an empty word).
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import uvicorn

from infra.local.emulators import cloud_storage
from infra.local.emulators.file_store import FileStore


def main() -> None:
    folder, number, notify_url = sys.argv[1:]
    bound = socket.socket(fileno=os.dup(int(number)))
    host, port = bound.getsockname()
    with FileStore(Path(folder)) as store:
        app = cloud_storage.create_app(
            store,
            public_url=f"http://{host}:{port}",
            notify_urls={"watched": notify_url} if notify_url else {},
        )
        config = uvicorn.Config(app, log_level="warning", loop="uvloop", http="httptools")
        uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
