"""The XML interface, as far as signed URLs and session URLs use it: /BUCKET/OBJECT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from infra.local.emulators.cloud_storage import resumable
from infra.local.emulators.cloud_storage.errors import ServiceError, invalid
from infra.local.emulators.cloud_storage.objects import download, only_generation
from infra.local.emulators.cloud_storage.preconditions import Preconditions, number
from infra.local.emulators.cloud_storage.resources import (
    check_object_name,
    properties_of_headers,
)
from infra.local.emulators.cloud_storage.service import Service, check_hashes, claimed_hashes
from infra.local.emulators.cloud_storage.signing import signing_keys, verify
from infra.local.emulators.file_store.receiving import receive_into

#: Query parameters of a signed download that set its headers.
_OVERRIDES: Final = {
    "response-content-type": "content-type",
    "response-content-disposition": "content-disposition",
}


class XmlInterface:
    """Whole objects by signed URL, and resumable sessions begun by one."""

    def __init__(
        self,
        service: Service,
        uploads: resumable.OpenUploads,
        keys: Mapping[str, str] | None,
    ) -> None:
        self._service = service
        self._uploads = uploads
        self._keys = keys

    def _authorize(self, request: Request) -> None:
        if "X-Goog-Signature" in request.query_params or (
            "X-Goog-Algorithm" in request.query_params
        ):
            if self._keys is None:
                self._keys = signing_keys(self._service.store.folder)
            verify(request, self._keys)
        elif "authorization" not in request.headers:
            raise ServiceError(
                403,
                "forbidden",
                "Access denied.",
                code="AccessDenied",
                details="Anonymous caller does not have access to the Google Cloud Storage object.",
            )

    async def get(self, request: Request) -> Response:
        """GET or HEAD: the bytes or their headers."""
        self._authorize(request)
        bucket, name = request.path_params["bucket"], request.path_params["object"]
        query = request.query_params
        check = only_generation(
            number(query, "generation"),
            bucket,
            name,
            Preconditions.of_headers(request.headers).check_read,
        )
        overrides = {
            header: query[parameter]
            for parameter, header in _OVERRIDES.items()
            if parameter in query
        }
        return download(self._service, bucket, name, check, request, overrides)

    async def put(self, request: Request) -> Response:
        """PUT: a whole object, or the next bytes of a session."""
        if "upload_id" in request.query_params:
            return await resumable.receive(self._service, self._uploads, request)
        self._authorize(request)
        bucket, name = (
            request.path_params["bucket"],
            check_object_name(request.path_params["object"]),
        )
        self._service.shelf.buckets.get(bucket)
        preconditions = Preconditions.of_headers(request.headers)
        properties = properties_of_headers(request.headers)
        with self._service.new_content() as writer:
            await receive_into(writer, request.stream())
            content = writer.finish()
            check_hashes(content, claimed_hashes(request.headers, {}))
        stored = self._service.insert(bucket, name, content, properties, preconditions)
        return Response(
            headers={
                "etag": f'"{self._service.resource(stored)["etag"]}"',
                "x-goog-generation": str(stored.generation),
                "x-goog-metageneration": str(stored.metageneration),
                "x-goog-hash": f"crc32c={stored.crc32c},md5={stored.md5}",
            }
        )

    async def post(self, request: Request) -> Response:
        """POST with `x-goog-resumable: start`: begin a session; its URL needs no signature."""
        self._authorize(request)
        if request.headers.get("x-goog-resumable") != "start":
            raise invalid("A POST to an object must carry x-goog-resumable: start.")
        bucket, name = (
            request.path_params["bucket"],
            check_object_name(request.path_params["object"]),
        )
        self._service.shelf.buckets.get(bucket)
        session = resumable.begin(
            self._service,
            bucket,
            name,
            properties=properties_of_headers(request.headers),
            claims={},
            preconditions=Preconditions.of_headers(request.headers),
            total=number(request.headers, "x-upload-content-length"),
            style="xml",
        )
        location = f"{self._service.public_url}{request.scope['raw_path'].decode()}"
        return Response(status_code=201, headers={"location": f"{location}?upload_id={session.id}"})

    async def delete(self, request: Request) -> Response:
        """DELETE: a session, or an object."""
        if "upload_id" in request.query_params:
            return await resumable.cancel(self._service, self._uploads, request)
        self._authorize(request)
        self._service.shelf.objects.delete(
            request.path_params["bucket"],
            request.path_params["object"],
            check=Preconditions.of_headers(request.headers).check_write,
        )
        return Response(status_code=204)
