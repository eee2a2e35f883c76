"""Every deployable entry point by name. A name's module is imported when the name is asked for.

The platform loads this file and takes one name from it, so a function never pays for another's
libraries (module `__getattr__`, PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

_DOORS: Final = {
    "api": "functions.api.door",
    "ingest": "functions.ingest",
    "merge": "functions.merge",
    "maintain": "functions.maintain",
    "webhook": "functions.webhook",
}


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"{name!r} is not an entry point; they are {', '.join(_DOORS)}")
    return getattr(import_module(_DOORS[name]), name)


def __dir__() -> list[str]:
    return sorted(_DOORS)
