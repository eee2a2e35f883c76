"""What one online call to Document AI may carry, and how often it may be made.

From cloud.google.com/document-ai/limits and /quotas, and from the answers of the service itself.
None of the limits on a call can be raised by asking; the calls per minute can.
"""

from __future__ import annotations

from typing import Final

from infra.sections.outside import CALLS_PER_MINUTE
from infra.settings import PAGES_PER_CALL, PAGES_PER_IMAGELESS_CALL

__all__ = [
    "BYTES_PER_CALL",
    "CALLS_PER_MINUTE",
    "PAGES_PER_CALL",
    "PAGES_PER_IMAGELESS_CALL",
    "SECONDS_PER_CALL",
]

#: "40 MB" on the limits page. The service's own refusals count in units of 1,048,576 (the limit
#: was 20971520 when the page still said 20 MB).
BYTES_PER_CALL: Final = 40 * 1024 * 1024

#: After so long the service itself ends an online call, whatever deadline the client gave.
SECONDS_PER_CALL: Final = 120
