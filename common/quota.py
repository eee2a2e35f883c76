"""Calls to a service that takes so many a minute: a bucket of tokens, and who may take one when.

A call takes a token as it starts, and the token comes back a minute later. So no minute, wherever
it begins, sees more calls than there are tokens, and what was not used in the last minute still
may be: a service that counts by the clock's minutes is as content as one that counts the last 60
seconds. Who finds no token is told when one will be there, and it is kept for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

#: What is told to whom no token was promised: half the way that promises reach, so that who comes
#: back finds some of them kept.
_UNPROMISED_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class QuotaRules:
    """One service's quota, and how it is kept; times in seconds."""

    #: Calls that the service takes in a minute.
    calls: int
    #: The service's minute. Tests have shorter ones.
    minute: float = 60.0
    #: Calls are on their way for longer and shorter (a PDF has up to 40 MB, and a process's first
    #: call opens a connection), so a minute's calls at their starts may be closer together at the
    #: service. Tokens come back so much later than a minute.
    slack: float = 2.0
    #: Tokens are promised so far ahead. Less than what counts as waiting in the broker (see
    #: infra/database/turn_statements.py): so what waits for a token fills the broker's window,
    #: and what would wait longer stays in Postgres, where a higher priority can pass it by.
    horizon: float = 9.5
    #: A token is kept so long for one who does not come. Then it is anybody's.
    grace: float = 5.0
    #: A refused call leaves this share of what is being used: somebody else uses the quota too,
    #: or it is less than was said.
    slower: float = 0.8
    #: And it is never less than this share of the quota, or nothing would find out when it ends.
    least: float = 0.02
    #: From nothing back to the whole quota.
    regain: float = 600.0

    @property
    def window(self) -> float:
        """How long a token is away."""
        return self.minute + self.slack

    @property
    def fewest(self) -> float:
        """The fewest calls a minute that refusals lead to."""
        return max(1.0, self.calls * self.least)

    @property
    def unpromised(self) -> float:
        """When to come back without a promise."""
        return self.horizon * _UNPROMISED_SHARE


@dataclass(frozen=True, slots=True)
class Granted:
    """A call may start now. `at` is when its token was taken, in microseconds of the bucket's."""

    at: int


@dataclass(frozen=True, slots=True)
class Wait:
    """No call now."""

    #: From now on.
    seconds: float
    #: Whether a token is kept for then. Where not, it is only a good time to ask again.
    promised: bool


class CallQuota(Protocol):
    """One service's bucket, shared by all processes."""

    def take(self, caller: str, *, first: bool = False) -> Granted | Wait:
        """Take a token for a call, or learn when to come back.

        `caller` is a name under which the same call comes back. `first` passes by the promises.
        """

    def refused(self, granted: Granted) -> None:
        """Tell that the service refused the call for its quota: all slow down."""
