"""The command line of the emulators' process. Secrets come by the environment, never here."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

_PROJECT = "quire-local"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for."""

    folder: Path
    cloud_storage_port: int
    supabase_port: int
    tasks_port: int
    document_ai_port: int
    vertex_ai_port: int
    control_port: int
    ingest_url: str
    maintain_url: str
    maintain_every: timedelta
    uploads_bucket: str
    chunks_bucket: str
    ocr_chunks_bucket: str
    results_bucket: str
    queue: str
    service_account: str
    events_account: str
    page_limit: int | None
    ocr_processes: int
    log_level: str


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line, or end the process with a sentence about what is wrong with it."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.emulators",
        description="Cloud Storage, Cloud Tasks, Cloud Scheduler, Supabase Storage, Document AI "
        "and Vertex AI on this machine. SUPABASE__SERVICE_KEY and SUPABASE__JWT_SECRET must be "
        "set.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where everything is kept")
    for part in ("cloud-storage", "supabase", "tasks", "document-ai", "vertex-ai", "control"):
        add(f"--{part}-port", type=_port, required=True, metavar="N")
    add("--ingest-url", required=True, help="gets an event for each finished upload")
    add("--maintain-url", required=True, help="is called on schedule")
    add("--maintain-every", type=_interval, default="60", metavar="SECONDS")
    add("--uploads-bucket", default="quire-uploads", metavar="NAME")
    add("--chunks-bucket", default="quire-chunks", metavar="NAME")
    add("--ocr-chunks-bucket", default="ocr-chunks", metavar="NAME")
    add("--results-bucket", default="ocr-results", metavar="NAME")
    add("--queue", default=f"projects/{_PROJECT}/locations/local/queues/merge", metavar="NAME")
    add(
        "--service-account",
        default=f"quire-scheduler@{_PROJECT}.iam.gserviceaccount.com",
        help="whose identity token the scheduled calls carry",
        metavar="EMAIL",
    )
    add(
        "--events-account",
        default=f"quire-events@{_PROJECT}.iam.gserviceaccount.com",
        help="whose identity token the events carry",
        metavar="EMAIL",
    )
    add("--page-limit", type=int, metavar="N", help="pages of one OCR call, if not the service's")
    add("--ocr-processes", type=int, default=os.cpu_count() or 2, metavar="N")
    add("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    return Options(**vars(parser.parse_args(arguments)))


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


def _interval(text: str) -> timedelta:
    seconds = float(text)
    if not 0 < seconds <= 24 * 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 86400 seconds")
    return timedelta(seconds=seconds)
