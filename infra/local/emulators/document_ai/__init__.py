"""Document AI on this machine: its gRPC service with the real types, limits and errors.

Behind it stands the embedded OCR engine. `serve` starts it; `Controls` are its switches, with
which benchmarks and tests set latency, quota, limits and faults while it runs.
"""

from infra.local.emulators.document_ai.controls import Controls
from infra.local.emulators.document_ai.resources import PROCESSOR
from infra.local.emulators.document_ai.server import Server, serve

__all__ = ["PROCESSOR", "Controls", "Server", "serve"]
