"""The bucket methods of the JSON interface."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.cloud_storage.bodies import json_body
from infra.local.emulators.cloud_storage.errors import invalid
from infra.local.emulators.cloud_storage.listing import page_size, page_start, page_token
from infra.local.emulators.cloud_storage.preconditions import Preconditions
from infra.local.emulators.cloud_storage.resources import (
    bucket_properties,
    bucket_resource,
    check_bucket_name,
)
from infra.local.emulators.cloud_storage.service import Service, json_answer


async def create(service: Service, request: Request) -> Response:
    """POST /b: make a bucket, 409 where there is one."""
    body = await json_body(request)
    if not isinstance(body.get("name"), str):
        raise invalid("Required parameter: name", reason="required")
    bucket = service.shelf.buckets.create(check_bucket_name(body["name"]), bucket_properties(body))
    return json_answer(bucket_resource(bucket, service.public_url))


async def get(service: Service, request: Request) -> Response:
    """GET /b/B."""
    bucket = service.shelf.buckets.get(request.path_params["bucket"])
    Preconditions.of_query(request.query_params).check_bucket(bucket)
    return json_answer(bucket_resource(bucket, service.public_url))


async def list_page(service: Service, request: Request) -> Response:
    """GET /b: one page of buckets, of all projects."""
    query = request.query_params
    limit = page_size(query)
    found = service.shelf.buckets.page(query.get("prefix", ""), page_start(query), limit + 1)
    answer = {
        "kind": "storage#buckets",
        "items": [bucket_resource(bucket, service.public_url) for bucket in found[:limit]],
    }
    if len(found) > limit:
        answer["nextPageToken"] = page_token(found[limit - 1].name)
    return json_answer(answer)


async def patch(service: Service, request: Request) -> Response:
    """PATCH /b/B: merge; null removes."""
    body = await json_body(request)
    bucket = service.shelf.buckets.change(
        request.path_params["bucket"],
        lambda properties: bucket_properties(properties | body),
        Preconditions.of_query(request.query_params).check_bucket,
    )
    return json_answer(bucket_resource(bucket, service.public_url))


async def update(service: Service, request: Request) -> Response:
    """PUT /b/B: replace what can be set."""
    body = await json_body(request)
    bucket = service.shelf.buckets.change(
        request.path_params["bucket"],
        lambda _: bucket_properties(body),
        Preconditions.of_query(request.query_params).check_bucket,
    )
    return json_answer(bucket_resource(bucket, service.public_url))


async def delete(service: Service, request: Request) -> Response:
    """DELETE /b/B: 409 while it has objects."""
    service.shelf.buckets.delete(
        request.path_params["bucket"], Preconditions.of_query(request.query_params).check_bucket
    )
    return Response(status_code=204)
