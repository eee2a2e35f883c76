"""The deployable entry point of the API."""

from __future__ import annotations

from functools import cache

import functions_framework.aio
from fastapi import FastAPI
from starlette.requests import Request

from functions.api.app import create_app
from functions.bootstrap import application


@cache
def _app() -> FastAPI:
    return create_app(application())


@functions_framework.aio.http
async def api(request: Request) -> FastAPI:
    """Answer with the app itself: the framework lets it handle the request (routing, streams)."""
    return _app()
