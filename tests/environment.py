"""Settings for code that a test runs in its own process."""

from __future__ import annotations

import os

from infra.local.stack import Stack
from infra.settings import Settings


def settings_for(stack: Stack, **changes: str) -> Settings:
    """Read the settings that the stack gives to its processes, with some changed."""
    before = dict(os.environ)
    os.environ.update({**stack.environment, **changes})
    try:
        return Settings()
    finally:
        os.environ.clear()
        os.environ.update(before)
