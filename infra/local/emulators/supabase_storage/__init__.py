"""The Supabase Storage emulator: the HTTP interface that `storage3` calls, beneath /storage/v1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from infra.local.emulators.file_store import (
    BucketMissing,
    BucketNotEmpty,
    FileStore,
    ObjectMissing,
)
from infra.local.emulators.file_store.receiving import BrokenBody
from infra.local.emulators.file_store.routing import RawRoute, raw_path
from infra.local.emulators.supabase_storage import buckets, downloads, listing, objects, uploads
from infra.local.emulators.supabase_storage.access import Gate
from infra.local.emulators.supabase_storage.errors import (
    StorageError,
    invalid_request,
    no_such_bucket,
    no_such_object,
)
from infra.local.emulators.supabase_storage.service import Service

__all__ = ["create_app"]

_BASE: Final = "/storage/v1"
_Endpoint = Callable[[Service, Request], Awaitable[Response]]

#: The first that fits answers: an object may not lie in a bucket called `sign` or `public`.
_ROUTES: Final[tuple[tuple[str, str, _Endpoint], ...]] = (
    ("GET", "/bucket", buckets.list_all),
    ("POST", "/bucket", buckets.create),
    ("GET", "/bucket/{bucket}", buckets.get),
    ("PUT", "/bucket/{bucket}", buckets.update),
    ("DELETE", "/bucket/{bucket}", buckets.delete),
    ("POST", "/bucket/{bucket}/empty", buckets.empty),
    ("POST", "/object/list/{bucket}", listing.list_folder),
    ("POST", "/object/list-v2/{bucket}", listing.list_flat),
    ("POST", "/object/move", objects.move),
    ("POST", "/object/copy", objects.copy),
    ("POST", "/object/upload/sign/{bucket}/{object:path}", objects.sign_upload),
    ("PUT", "/object/upload/sign/{bucket}/{object:path}", uploads.by_signed_url),
    ("POST", "/object/sign/{bucket}", objects.sign_many),
    ("POST", "/object/sign/{bucket}/{object:path}", objects.sign),
    ("GET", "/object/sign/{bucket}/{object:path}", downloads.get_signed),
    ("HEAD", "/object/sign/{bucket}/{object:path}", downloads.get_signed),
    ("GET", "/object/public/{bucket}/{object:path}", downloads.get_public),
    ("HEAD", "/object/public/{bucket}/{object:path}", downloads.get_public),
    ("GET", "/object/info/authenticated/{bucket}/{object:path}", downloads.info),
    ("GET", "/object/info/{bucket}/{object:path}", downloads.info),
    ("GET", "/object/authenticated/{bucket}/{object:path}", downloads.get),
    ("HEAD", "/object/authenticated/{bucket}/{object:path}", downloads.get),
    ("GET", "/object/{bucket}/{object:path}", downloads.get),
    ("HEAD", "/object/{bucket}/{object:path}", downloads.get),
    ("POST", "/object/{bucket}/{object:path}", uploads.create),
    ("PUT", "/object/{bucket}/{object:path}", uploads.update),
    ("DELETE", "/object/{bucket}", objects.remove),
    ("DELETE", "/object/{bucket}/{object:path}", objects.remove_one),
)


def create_app(
    store: FileStore, *, public_url: str, service_key: str, jwt_secret: str
) -> Starlette:
    """Return the emulator over this store.

    Callers are the service role if they bring `service_key`, or a JWT with that role signed
    with `jwt_secret` (HS256); it signs the tokens of signed URLs, too. The service's answers
    hold no absolute URL, so `public_url` is only kept beside it, in the app's state.
    """
    service = Service(store.shelf("supabase"), store.contents, Gate(service_key, jwt_secret))
    app = Starlette(
        routes=[
            RawRoute(method, _BASE + path, partial(endpoint, service))
            for method, path, endpoint in _ROUTES
        ],
        middleware=[
            Middleware(
                CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
            )
        ],
        exception_handlers=dict.fromkeys(_TRANSLATIONS, _refuse)
        | {ClientDisconnect: _gone, HTTPException: _no_route},
    )
    app.router.redirect_slashes = False
    app.state.public_url = public_url
    return app


_TRANSLATIONS: Final[dict[type[Exception], Callable[[Exception], StorageError]]] = {
    StorageError: lambda error: (
        error if isinstance(error, StorageError) else invalid_request(str(error))
    ),
    BrokenBody: lambda error: invalid_request(str(error)),
    BucketMissing: lambda _: no_such_bucket(),
    ObjectMissing: lambda _: no_such_object(),
    BucketNotEmpty: lambda _: StorageError(
        409, "ResourceNotEmpty", "The bucket you tried to delete is not empty"
    ),
}


async def _refuse(request: Request, error: Exception) -> Response:
    return _TRANSLATIONS[type(error)](error).answer()


async def _no_route(request: Request, error: Exception) -> Response:
    message = f"Route {request.method}:{raw_path(request.scope)} not found"
    return StorageError(404, "Not Found", message, http_status=404).answer()


async def _gone(request: Request, error: Exception) -> Response:
    """Answer nobody: the client went away while it was sending."""
    return Response(status_code=499)
