"""The web page at `/` and what it consists of, under a policy that lets nothing else in."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from common.errors import NotFound
from functions.api.auth import App
from infra.settings import Settings

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).resolve().parent.parent / "web"

#: What is served, and as what. Everything is UTF-8 text.
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

#: Stands in index.html for the folder of this version's files.
_PLACE: Final = b"/assets/VERSION/"

#: A browser that has this version never asks for it again: another one has other addresses.
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"

#: Where browsers send what is too large for one request (Cloud Storage's resumable sessions).
_CLOUD_STORAGE: Final = "https://storage.googleapis.com"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    packed: bytes
    kind: str
    etag: str


@dataclass(frozen=True, slots=True)
class Site:
    """All files of one version. `version` is a hash of them all."""

    version: str
    index: Asset
    assets: dict[str, Asset]


@cache
def site() -> Site:
    """Read the page's files, once a process."""
    files = {
        path.relative_to(_FOLDER).as_posix(): path.read_bytes()
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _KINDS
    }
    whole = sha256()
    for name, content in files.items():
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    version = whole.hexdigest()[:16]
    index = files.pop("index.html").replace(_PLACE, f"/assets/{version}/".encode())
    return Site(
        version,
        _asset("index.html", index),
        {name: _asset(name, content) for name, content in files.items()},
    )


def _asset(name: str, content: bytes) -> Asset:
    return Asset(
        content=content,
        packed=gzip.compress(content, mtime=0),
        kind=_KINDS[PurePosixPath(name).suffix],
        etag=f'"{sha256(content).hexdigest()[:32]}"',
    )


@router.api_route("/", methods=["GET", "HEAD"])
def get_page(request: Request, app: App) -> Response:
    """Answer with the page."""
    answer = _sent(site().index, request, caching=_ASK_EACH_TIME)
    answer.headers.update(_guards(app.settings))
    return answer


@router.api_route("/assets/{version}/{path:path}", methods=["GET", "HEAD"])
def get_asset(version: str, path: str, request: Request) -> Response:
    """Answer with a part of the page.

    While one version replaces another, a page may ask here for the other's files. It gets these,
    and is told not to keep them.
    """
    asset = site().assets.get(path)
    if asset is None:
        raise NotFound("The page has no such part.")
    current = version == site().version
    return _sent(asset, request, caching=_FOR_EVER if current else "no-store")


def _sent(asset: Asset, request: Request, *, caching: str) -> Response:
    headers = {
        "Cache-Control": caching,
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    known = {tag.strip().removeprefix("W/") for tag in _header(request, "if-none-match").split(",")}
    if asset.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    if "gzip" in _header(request, "accept-encoding"):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, media_type=asset.kind, headers=headers)
    return Response(asset.content, media_type=asset.kind, headers=headers)


def _header(request: Request, name: str) -> str:
    return request.headers.get(name, "")


def _guards(settings: Settings) -> dict[str, str]:
    """Return the headers that keep everything foreign out of the page, and the page out of it."""
    storage = settings.storage_emulator_host or _CLOUD_STORAGE
    reached = {"'self'": None, _origin(storage): None, _origin(settings.supabase.url): None}
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob:",
        # The API itself, where uploads go, and where links to results lead.
        "connect-src": " ".join(reached),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
