"""The object methods of the JSON interface, without uploads and copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.cloud_storage.bodies import json_body
from infra.local.emulators.cloud_storage.errors import ServiceError, invalid, no_such_object
from infra.local.emulators.cloud_storage.listing import list_objects
from infra.local.emulators.cloud_storage.preconditions import Preconditions, number
from infra.local.emulators.cloud_storage.resources import editable, object_headers, patched
from infra.local.emulators.cloud_storage.service import Service, json_answer
from infra.local.emulators.file_store import StoredObject
from infra.local.emulators.file_store.sending import (
    ContentResponse,
    UnsatisfiableRange,
    asked_range,
)


def only_generation(
    asked: int | None, bucket: str, name: str, check: Callable[[StoredObject | None], None]
) -> Callable[[StoredObject | None], None]:
    """Let only the asked generation pass to the check. There are no others than the live one."""

    def checked(stored: StoredObject | None) -> None:
        if asked is not None and (stored is None or stored.generation != asked):
            raise no_such_object(bucket, name)
        check(stored)

    return checked


def _addressed(request: Request) -> tuple[str, str]:
    return request.path_params["bucket"], request.path_params["object"]


def download(
    service: Service,
    bucket: str,
    name: str,
    check: Callable[[StoredObject | None], None],
    request: Request,
    extra_headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with the object's bytes, or the part that the request's Range asks for."""
    stored, file = service.shelf.objects.open(bucket, name, check)
    headers = object_headers(stored) | dict(extra_headers or {})
    try:
        part = asked_range(request.headers.get("range"), stored.size)
    except UnsatisfiableRange as error:
        file.close()
        raise ServiceError(
            416,
            "requestedRangeNotSatisfiable",
            "The requested range cannot be satisfied.",
            code="InvalidRange",
        ) from error
    return ContentResponse(file, stored.size, part, headers)


async def get(service: Service, request: Request) -> Response:
    """GET /b/B/o/O: the resource, or with alt=media the bytes."""
    query = request.query_params
    if query.get("alt") == "media":
        return await get_media(service, request)
    bucket, name = _addressed(request)
    check = only_generation(
        number(query, "generation"), bucket, name, Preconditions.of_query(query).check_read
    )
    stored = service.shelf.objects.find(bucket, name)
    if stored is None:
        raise no_such_object(bucket, name)
    check(stored)
    return json_answer(service.resource(stored))


async def get_media(service: Service, request: Request) -> Response:
    """GET /download/storage/v1/b/B/o/O: the bytes; refusals are plain text here."""
    query = request.query_params
    bucket, name = _addressed(request)
    try:
        check = only_generation(
            number(query, "generation"), bucket, name, Preconditions.of_query(query).check_read
        )
        return download(service, bucket, name, check, request)
    except ServiceError as error:
        return error.as_text()


async def list_page(service: Service, request: Request) -> Response:
    """GET /b/B/o."""
    page = list_objects(service.shelf.objects, request.path_params["bucket"], request.query_params)
    answer = {
        "kind": "storage#objects",
        "items": [service.resource(stored) for stored in page.items],
        "prefixes": page.prefixes,
        "nextPageToken": page.next_token,
    }
    return json_answer({name: value for name, value in answer.items() if value})


async def patch(service: Service, request: Request) -> Response:
    """PATCH /b/B/o/O: merge metadata."""
    query = request.query_params
    bucket, name = _addressed(request)
    body = await json_body(request)
    stored = service.shelf.objects.change(
        bucket,
        name,
        lambda properties: patched(properties, body),
        check=only_generation(
            number(query, "generation"), bucket, name, Preconditions.of_query(query).check_write
        ),
    )
    return json_answer(service.resource(stored))


async def update(service: Service, request: Request) -> Response:
    """PUT /b/B/o/O: replace metadata."""
    query = request.query_params
    bucket, name = _addressed(request)
    body = await json_body(request)
    if body.get("name", name) != name:
        raise invalid("Value for name in content does not agree with the name in the path.")
    stored = service.shelf.objects.change(
        bucket,
        name,
        lambda _: editable(body),
        check=only_generation(
            number(query, "generation"), bucket, name, Preconditions.of_query(query).check_write
        ),
    )
    return json_answer(service.resource(stored))


async def delete(service: Service, request: Request) -> Response:
    """DELETE /b/B/o/O."""
    query = request.query_params
    bucket, name = _addressed(request)
    service.shelf.objects.delete(
        bucket,
        name,
        check=only_generation(
            number(query, "generation"), bucket, name, Preconditions.of_query(query).check_write
        ),
    )
    return Response(status_code=204)
