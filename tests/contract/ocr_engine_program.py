"""A program that holds a pool of the engine, for tests that end it in unkind ways.

Prints the children's process ids once they are up, then reads a page that never gets done.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from infra.local.ocr_engine.pool import EnginePool


async def main(path: Path) -> None:
    """Warm two children, tell their ids, and keep them busy."""
    pool = EnginePool(2, page_timeout_seconds=600)
    await pool.warm()
    print(*pool.pids, flush=True)
    while True:
        await pool.read_each(path.read_bytes(), [0, 0], ())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
