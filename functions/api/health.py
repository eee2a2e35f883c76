"""Whether this function serves. Anybody may ask: no token, and no address or name in the answer."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from functions.api.auth import App
from functions.api.schemas.health import Health, Ready

router = APIRouter(tags=["health"])

#: Of their own: the others' may all be waiting for what is asked about here.
_THREADS: Final = CapacityLimiter(4)


@router.get("/healthz", summary="Ask whether the process answers", response_model=Health)
async def healthz() -> dict[str, str]:
    """Say that the process answers. It looks at nothing else: a restart would not mend that."""
    # Async: it needs none of the threads, which may all be waiting for the database.
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Ask whether everything is ready",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Something that is needed is away."}},
)
async def readyz(app: App) -> JSONResponse:
    """Say of each part that is needed whether it answers. What is said is at most seconds old.

    With a part away much still works: what is written down is sent when the part is back.
    """
    parts = await to_thread.run_sync(app.readiness.look, limiter=_THREADS)
    is_ready = all(part.ready for part in parts.values())
    return JSONResponse(
        {
            "status": "ready" if is_ready else "not_ready",
            "parts": {name: asdict(part) for name, part in parts.items()},
        },
        status_code=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )
