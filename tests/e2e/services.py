"""Google's services as a local stack knows them: in whose name they call which function."""

from __future__ import annotations

from infra.local.emulators.oidc import OidcIssuer
from infra.local.layout import CALLERS
from infra.local.stack import Stack


def issuer_of(stack: Stack) -> OidcIssuer:
    """Return the issuer of the stack's identity tokens: with its key, on its address."""
    return OidcIssuer(stack.home.emulators / "oidc", stack.endpoints["control"])


def address_of(stack: Stack, door: str) -> str:
    """Return the function's own address, which its callers' tokens are for."""
    return f"{stack.endpoints['api']}/{door}"


def as_caller(stack: Stack, door: str) -> dict[str, str]:
    """Return the header by which the function knows its own caller."""
    token = issuer_of(stack).token(email=CALLERS[door][0], audience=address_of(stack, door))
    return {"Authorization": f"Bearer {token}"}
