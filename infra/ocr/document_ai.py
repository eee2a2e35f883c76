"""Google Document AI as Quire's OCR engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from common.results import Page
from infra.ocr.errors import translated
from infra.ocr.layout import pages_of
from infra.settings import DocumentAiSettings

#: Everything that `pages_of` reads. Page images, 68 % of an answer, are not among it.
FIELDS: Final = (
    "text",
    "pages.page_number",
    "pages.dimension",
    "pages.layout",
    "pages.detected_languages",
    "pages.blocks",
    "pages.paragraphs",
    "pages.lines",
    "pages.tokens",
)


class DocumentAiEngine:
    """Reads PDFs with one Document AI processor. Safe to share between threads, not forks.

    Building it loads the client library (0.3 to 2 s), and without `insecure` looks for Google's
    application default credentials.
    """

    def __init__(self, settings: DocumentAiSettings) -> None:
        from google.api_core.client_options import ClientOptions
        from google.cloud import documentai_v1

        self._settings = settings
        self._types = documentai_v1
        self._client: Any
        if settings.insecure:
            self._client = documentai_v1.DocumentProcessorServiceClient(
                transport=_plain_transport(settings.endpoint)
            )
        else:
            self._client = documentai_v1.DocumentProcessorServiceClient(
                client_options=ClientOptions(
                    api_endpoint=settings.endpoint or regional_endpoint(settings.processor)
                )
            )

    def read(self, pdf: bytes, *, languages: Sequence[str]) -> list[Page]:
        """Return the PDF's pages, numbered from 1, with offsets from the first page's start.

        `languages` are BCP-47 codes; the service finds Latin-script languages without them.
        Raises TransientError, QuotaError or PermanentError; what Document AI has never been known
        to answer comes through as it is.
        """
        from google.api_core.exceptions import GoogleAPICallError

        try:
            # The client's own retry hides throttling for up to 300 s; Quire counts its tries
            # in Postgres instead.
            response = self._client.process_document(
                request=self._request(pdf, languages),
                retry=None,
                timeout=self._settings.timeout_seconds,
            )
        except GoogleAPICallError as error:
            ours = translated(error)
            if ours is None:
                raise
            raise ours from error
        # Raw protobuf: 20,000 tokens in 75 ms, where proto-plus wrappers take 2 s.
        return pages_of(self._types.ProcessResponse.pb(response).document)

    def close(self) -> None:
        """End the connection."""
        self._client.transport.close()

    def _request(self, pdf: bytes, languages: Sequence[str]) -> Any:
        request = self._types.ProcessRequest.pb()(
            name=self._settings.processor,
            skip_human_review=True,
            imageless_mode=self._settings.imageless,
        )
        request.raw_document.content = pdf
        request.raw_document.mime_type = "application/pdf"
        request.field_mask.paths.extend(FIELDS)
        ocr = request.process_options.ocr_config
        ocr.enable_native_pdf_parsing = self._settings.native_pdf_parsing
        if languages:
            ocr.hints.language_hints.extend(languages)
        return self._types.ProcessRequest.wrap(request)


def regional_endpoint(processor: str) -> str:
    """Return the host that serves a processor: only its own location's knows it.

    Raises ValueError for what is not a processor's resource name.
    """
    parts = processor.split("/")
    if len(parts) < 6 or parts[0::2][:3] != ["projects", "locations", "processors"]:
        raise ValueError(
            f"'{processor}' is not a Document AI processor; write it like "
            "projects/P/locations/L/processors/ID."
        )
    return f"{parts[3]}-documentai.googleapis.com"


def _plain_transport(endpoint: str) -> Any:
    import grpc
    from google.cloud.documentai_v1.services.document_processor_service.transports import (
        DocumentProcessorServiceGrpcTransport,
    )

    if not endpoint:
        raise ValueError("DOCUMENT_AI__INSECURE needs DOCUMENT_AI__ENDPOINT, like 127.0.0.1:8085.")
    # As the client's own channels have it: an answer is larger than gRPC's 4 MB.
    unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    channel = grpc.insecure_channel(endpoint, options=unlimited)
    return DocumentProcessorServiceGrpcTransport(channel=channel)
