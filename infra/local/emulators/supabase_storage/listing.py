"""Listings: `list`, folder by folder with an offset, and `list-v2`, flat with a cursor."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.file_store import StoredObject
from infra.local.emulators.supabase_storage.errors import invalid_request
from infra.local.emulators.supabase_storage.service import (
    Service,
    json_answer,
    json_body,
    object_row,
    whole_field,
)

_BATCH: Final = 1000
_MOST_V1: Final = 1500
_MOST_V2: Final = 1000
_COLUMNS: Final = ("name", "updated_at", "created_at", "last_accessed_at")


def _below(service: Service, bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Yield all objects of which the name begins with the prefix, in order of name."""
    after = ""
    while batch := service.shelf.objects.page(bucket, prefix=prefix, after=after, limit=_BATCH):
        yield from batch
        after = batch[-1].name


def _sorting(body: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the column, and whether the order is descending."""
    asked = body.get("sortBy") or {}
    column, order = asked.get("column") or "name", asked.get("order") or "asc"
    if column not in _COLUMNS:
        raise invalid_request(
            "body/sortBy/column must be equal to one of the allowed values", code="Error"
        )
    return column, str(order).lower() == "desc"


async def list_folder(service: Service, request: Request) -> Response:
    """POST /object/list/B: what is directly in a folder, with names as seen from there.

    Sorted by name, folders stand among the objects; otherwise before them.
    """
    body = await json_body(request)
    bucket = request.path_params["bucket"]
    limit = min(whole_field(body, "limit", 100, 1), _MOST_V1)
    offset = whole_field(body, "offset", 0, 0)
    column, descending = _sorting(body)
    folder = str(body.get("prefix") or "")
    if folder and not folder.endswith("/"):
        folder += "/"
    search = str(body.get("search") or "").lower()
    folders: dict[str, dict[str, Any]] = {}
    files = []
    for stored in _below(service, bucket, folder) if service.gate.may_see(request) else ():
        seen = stored.name[len(folder) :]
        if not seen.lower().startswith(search):
            continue
        cut = seen.find("/", len(search))
        if cut < 0:
            files.append(object_row(stored) | {"name": seen})
        else:
            nothing = dict.fromkeys(
                ("id", "updated_at", "created_at", "last_accessed_at", "metadata")
            )
            folders[seen[:cut]] = {"name": seen[:cut]} | nothing
    in_order = sorted(folders.values(), key=lambda row: row["name"].lower(), reverse=descending)
    if column == "name":
        rows = sorted([*in_order, *files], key=lambda row: row["name"].lower(), reverse=descending)
    else:
        rows = in_order + sorted(files, key=lambda row: row[column], reverse=descending)
    return json_answer(rows[offset : offset + limit])


def _cursor(row: Mapping[str, Any], column: str) -> str:
    return base64.b64encode(f"{row[column] or ''}\n{row['name']}".encode()).decode()


def _place(cursor: str) -> tuple[str, str]:
    try:
        value, _, name = base64.b64decode(cursor, validate=True).decode().partition("\n")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid_request(
            "Invalid Parameter continuation token", code="InvalidParameter"
        ) from error
    return value, name


async def list_flat(service: Service, request: Request) -> Response:
    """POST /object/list-v2/B: whole names behind a prefix; folders only `with_delimiter`."""
    body = await json_body(request)
    bucket = request.path_params["bucket"]
    limit = min(whole_field(body, "limit", _MOST_V2, 1), _MOST_V2)
    column, descending = _sorting(body)
    prefix = str(body.get("prefix") or "")
    rows: dict[str, dict[str, Any]] = {}
    for stored in _below(service, bucket, prefix) if service.gate.may_see(request) else ():
        cut = stored.name.find("/", len(prefix)) if body.get("with_delimiter") else -1
        if cut < 0:
            rows[stored.name] = object_row(stored) | {"key": stored.name}
        else:
            name = stored.name[: cut + 1]
            rows[name] = {"name": name, "key": name, "id": None, "updated_at": None} | {
                "created_at": None
            }
    in_order = sorted(
        rows.values(), key=lambda row: (row[column] or "", row["name"]), reverse=descending
    )
    if body.get("cursor"):
        last = _place(str(body["cursor"]))
        in_order = [
            row
            for row in in_order
            if ((row[column] or "", row["name"]) < last) == descending
            and (row[column] or "", row["name"]) != last
        ]
    page = in_order[:limit]
    has_next = len(in_order) > limit
    answer = {
        "hasNext": has_next,
        "folders": [row for row in page if row["id"] is None],
        "objects": [row for row in page if row["id"] is not None],
    }
    if has_next:
        answer |= {"nextCursor": _cursor(page[-1], column), "nextCursorKey": page[-1]["name"]}
    return json_answer(answer)
