"""Settings for code that a test runs in its own process."""

from __future__ import annotations

import os

from infra.local.stack import Stack
from infra.settings import Settings

#: What no process starts without; nobody is at any of these addresses.
LEAST = {
    "DATABASE__URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SUPABASE__URL": "http://127.0.0.1:1",
    "SUPABASE__SERVICE_KEY": "none",
    "DOCUMENT_AI__PROCESSOR": "projects/p/locations/eu/processors/1",
    "TASKS__QUEUE": "projects/p/locations/l/queues/q",
    "TASKS__MERGE_URL": "http://127.0.0.1:1",
    "TASKS__INGEST_URL": "http://127.0.0.1:1",
    "TASKS__WEBHOOK_URL": "http://127.0.0.1:1",
    "WEBHOOKS__SIGNING_KEY": "x" * 32,
}


def settings_for(stack: Stack, **changes: str) -> Settings:
    """Read the settings that the stack gives to its processes, with some changed."""
    before = dict(os.environ)
    os.environ.update({**stack.environment, **changes})
    try:
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)
