"""The store as a whole: one folder, held by one process."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.emulators.file_store.buckets import Buckets
from infra.local.emulators.file_store.contents import Contents
from infra.local.emulators.file_store.database import Database
from infra.local.emulators.file_store.errors import StoreInUse
from infra.local.emulators.file_store.objects import Objects
from infra.local.emulators.file_store.outbox import Outbox
from infra.local.emulators.file_store.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Shelf:
    """One service's part of the store. Services do not see each other's buckets."""

    buckets: Buckets
    objects: Objects


class FileStore:
    """Objects on disk, safe for use from several threads of one process.

    Opening it tidies up what a killed process left behind. StoreInUse if another process, or
    another FileStore of this one, has the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # The system frees the lock when the process dies, however it dies.
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise StoreInUse(f"{folder} is open in another process") from error
        self._database = Database(folder / "store.sqlite3")
        self.contents = Contents(folder / "contents")
        self.uploads = Uploads(self._database, self.contents)
        self.outbox = Outbox(self._database)
        self.uploads.forget_expired()
        with self._database.reading() as connection:
            named = connection.execute(
                "SELECT content FROM objects UNION ALL"
                " SELECT content FROM uploads WHERE state = 'open'"
            )
            self.contents.sweep({row[0] for row in named})

    def shelf(self, service: str) -> Shelf:
        """Return the part of the store that belongs to a service."""
        return Shelf(
            Buckets(self._database, service), Objects(self._database, self.contents, service)
        )

    def close(self) -> None:
        """Let another process have the folder."""
        self._database.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
