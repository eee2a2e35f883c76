"""Whether this function serves."""

from __future__ import annotations

from fastapi import APIRouter

from functions.api.auth import App

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(app: App) -> dict[str, str]:
    """Say that the database answers too."""
    app.jobs.ping()
    return {"status": "ready"}
