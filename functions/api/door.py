"""The deployable entry point of the API."""

from __future__ import annotations

from functools import cache
from typing import cast

import functions_framework.aio
from fastapi import FastAPI
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from functions.api.app import create_app
from functions.bootstrap import application


class AnyPath(PathConvertor):
    """Any path, also one with a line break in it, which is no reason for another's answer."""

    regex = "(?s:.*)"


# The framework's own route for everything is made once this module has been read.
register_url_convertor("path", AnyPath())


@cache
def _app() -> FastAPI:
    return create_app(application())


@functions_framework.aio.http
async def api(request: Request) -> Response:
    """Answer with the app itself: the framework lets it handle the request (routing, streams)."""
    # An app is called just as a response is: with scope, receive and send.
    return cast("Response", _app())
