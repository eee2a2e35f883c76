"""The Cloud Storage emulator: its JSON interface, signed URLs, and object-finalized events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from types import MappingProxyType
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from infra.local.emulators.cloud_storage import (
    batch,
    buckets,
    copies,
    objects,
    resumable,
    uploads,
)
from infra.local.emulators.cloud_storage.errors import (
    ServiceError,
    invalid,
    no_such_bucket,
    no_such_object,
)
from infra.local.emulators.cloud_storage.events import Notifier
from infra.local.emulators.cloud_storage.service import Service
from infra.local.emulators.cloud_storage.xml_api import XmlInterface
from infra.local.emulators.file_store import (
    BucketExists,
    BucketMissing,
    BucketNotEmpty,
    FileStore,
    ObjectMissing,
)
from infra.local.emulators.file_store.receiving import BrokenBody
from infra.local.emulators.file_store.routing import RawRoute, raw_path

__all__ = ["create_app"]

_NO_URLS: Final[Mapping[str, str]] = MappingProxyType({})
_JSON_PATHS: Final = ("/storage/", "/upload/", "/download/", "/batch/")
_OBJECT: Final = "/storage/v1/b/{bucket}/o/{object}"

log = logging.getLogger(__name__)


def create_app(
    store: FileStore,
    *,
    public_url: str,
    notify_urls: Mapping[str, str] = _NO_URLS,
    signing_certificates: Mapping[str, str] | None = None,
    deliver_times: int = 1,
    event_token: Callable[[str], str] | None = None,
) -> Starlette:
    """Return the emulator over this store.

    `public_url` is where clients reach it, for the links in its answers. `notify_urls` says
    which URL gets the events of a bucket. `signing_certificates` are the public keys in PEM, by
    the signer's address, whose V4 signatures count; by default that of the service account in
    the store's folder (`signing.service_account_info`). Each event is delivered `deliver_times`
    times, for tests of what happens then, with the identity token that `event_token` makes for
    its URL.
    """
    public_url = public_url.rstrip("/")
    notifier = Notifier(store.outbox, notify_urls, event_token)
    service = Service(
        store, store.shelf("cloud-storage"), public_url, notify_urls, notifier, deliver_times
    )
    under_way = resumable.OpenUploads(store.contents)
    xml = XmlInterface(service, under_way, signing_certificates)

    def route(
        method: str, path: str, endpoint: Callable[[Service, Request], Awaitable[Response]]
    ) -> RawRoute:
        return RawRoute(method, path, partial(endpoint, service))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        delivery = asyncio.create_task(notifier.run())
        delivery.add_done_callback(_report_end)
        try:
            yield
        finally:
            delivery.cancel()
            with suppress(asyncio.CancelledError):
                await delivery
            under_way.close()

    app = Starlette(
        routes=[
            route("GET", "/storage/v1/b", buckets.list_page),
            route("POST", "/storage/v1/b", buckets.create),
            route("GET", "/storage/v1/b/{bucket}", buckets.get),
            route("PATCH", "/storage/v1/b/{bucket}", buckets.patch),
            route("PUT", "/storage/v1/b/{bucket}", buckets.update),
            route("DELETE", "/storage/v1/b/{bucket}", buckets.delete),
            route("GET", "/storage/v1/b/{bucket}/o", objects.list_page),
            route("GET", _OBJECT, objects.get),
            route("PATCH", _OBJECT, objects.patch),
            route("PUT", _OBJECT, objects.update),
            route("DELETE", _OBJECT, objects.delete),
            route("GET", f"/download{_OBJECT}", objects.get_media),
            route("POST", f"{_OBJECT}/compose", copies.compose),
            route("POST", f"{_OBJECT}/rewriteTo/b/{{to_bucket}}/o/{{to_object}}", copies.rewrite),
            route("POST", f"{_OBJECT}/copyTo/b/{{to_bucket}}/o/{{to_object}}", copies.copy),
            route("POST", f"{_OBJECT}/moveTo/o/{{to_object}}", copies.move),
            route("POST", "/upload/storage/v1/b/{bucket}/o", uploads.insert),
            RawRoute(
                "PUT",
                "/upload/storage/v1/b/{bucket}/o",
                partial(resumable.receive, service, under_way),
            ),
            RawRoute(
                "DELETE",
                "/upload/storage/v1/b/{bucket}/o",
                partial(resumable.cancel, service, under_way),
            ),
            RawRoute("POST", "/batch/storage/v1", batch.run),
            # What is left beneath the JSON interface's paths is no bucket of the XML one.
            *(
                RawRoute(method, f"{path}{{rest:path}}", _not_found)
                for path in _JSON_PATHS
                for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")
            ),
            RawRoute("GET", "/{bucket}/{object:path}", xml.get),
            RawRoute("HEAD", "/{bucket}/{object:path}", xml.get),
            RawRoute("PUT", "/{bucket}/{object:path}", xml.put),
            RawRoute("POST", "/{bucket}/{object:path}", xml.post),
            RawRoute("DELETE", "/{bucket}/{object:path}", xml.delete),
        ],
        # A browser uploads straight to a session's URL, from the page of another origin.
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=["*", "Range", "Location"],
            )
        ],
        exception_handlers=dict.fromkeys(_TRANSLATIONS, _refuse)
        | {ClientDisconnect: _gone, HTTPException: _refuse},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _report_end(delivery: asyncio.Task[None]) -> None:
    if not delivery.cancelled() and (error := delivery.exception()):
        log.critical("delivery of events has ended", exc_info=error)


_TRANSLATIONS: Final[Mapping[type[Exception], Callable[[Exception], ServiceError]]] = {
    ServiceError: lambda error: error if isinstance(error, ServiceError) else invalid(str(error)),
    BrokenBody: lambda error: invalid(str(error)),
    BucketMissing: lambda _: no_such_bucket(),
    ObjectMissing: lambda error: no_such_object(*error.args),
    BucketExists: lambda _: ServiceError(
        409,
        "conflict",
        "Your previous request to create the named bucket succeeded and you already own it.",
        code="BucketAlreadyOwnedByYou",
    ),
    BucketNotEmpty: lambda _: ServiceError(
        409, "conflict", "The bucket you tried to delete is not empty.", code="BucketNotEmpty"
    ),
}


async def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        refusal = ServiceError(error.status_code, "notFound", error.detail)
    else:
        refusal = _TRANSLATIONS[type(error)](error)
    is_json = raw_path(request.scope).startswith(_JSON_PATHS)
    return refusal.as_json() if is_json else refusal.as_xml()


async def _not_found(request: Request) -> Response:
    raise ServiceError(404, "notFound", "Not Found")


async def _gone(request: Request, error: Exception) -> Response:
    """Answer nobody: the client went away while it was sending."""
    return Response(status_code=499)
