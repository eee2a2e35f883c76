"""Google's client for Vertex AI, as Quire sets it.

`google-genai` and not `google-cloud-aiplatform`: it speaks to the embedding models and to Gemini,
and comes to 17 MB and a second of import, all in the process that calls.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from infra.sections.vertex import VertexSettings

if TYPE_CHECKING:
    from google.genai import Client


def connected(settings: VertexSettings, *, project: str, location: str = "") -> Client:
    """Return a client of its own connections, to be shared between threads, not forks.

    `project` and `location` stand in where the settings name none, or another place. Loads the
    library; without `insecure` the first call looks for Google's application default credentials.
    """
    from google import genai
    from google.genai.types import HttpOptions, HttpRetryOptions
    from google.oauth2.credentials import Credentials

    if settings.insecure and not settings.endpoint:
        raise ValueError("VERTEX__INSECURE needs VERTEX__ENDPOINT, like http://127.0.0.1:8086.")
    # Its notes about each call hold nothing that ours lack.
    logging.getLogger("google_genai").setLevel(logging.WARNING)
    # The client has credentials refreshed that have no token, which anonymous ones refuse.
    emulator = Credentials(token="emulator")  # type: ignore[no-untyped-call]  # noqa: S106
    return genai.Client(
        vertexai=True,
        project=settings.project or project,
        location=location or settings.location,
        credentials=emulator if settings.insecure else None,
        http_options=HttpOptions(
            base_url=settings.endpoint or None,
            # No proxy of the user's shell stands between us and this machine.
            client_args={"trust_env": False} if settings.insecure else None,
            timeout=round(settings.timeout_seconds * 1000),
            # Five tries, with up to a minute between them, are its default: whoever waits for a
            # throttled call would not know it. Quire counts its tries itself.
            retry_options=HttpRetryOptions(attempts=1),
        ),
    )
