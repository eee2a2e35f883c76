"""API keys, as they are asked for and answered."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from common.access import Scope
from functions.api.schemas.base import Answer, Id, Moment, described

KEY: Final[dict[str, Any]] = {
    "id": "7a8f2c94-31c7-4d1e-9a55-0b7a5a0f6a02",
    "name": "night batch",
    "prefix": "qk_b7Zk2MxQ0aPd",
    "scopes": ["documents:write", "jobs:read"],
    "matters": ["2026-118"],
    "created_at": "2026-11-22T09:30:00.118204+00:00",
    "last_used_at": "2026-11-22T21:04:00.502113+00:00",
    "expires_at": "2027-02-20T09:30:00.118204+00:00",
    "revoked_at": None,
}
NEW_KEY: Final[dict[str, Any]] = {
    **KEY,
    "last_used_at": None,
    "key": "qk_b7Zk2MxQ0aPd_EXAMPLEexampleEXAMPLEexampleEXAMPLEexample0",
}

#: The body of `POST /v1/api-keys`, which the route reads itself.
WANTED_KEY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "title": "WantedKey",
                "type": "object",
                "required": ["name", "scopes"],
                "additionalProperties": False,
                "properties": {
                    "name": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 100,
                        "pattern": r"^[^\x00-\x1f\x7f]*$",
                        "description": "By which you know it: the machine, the purpose.",
                    },
                    "scopes": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": len(Scope),
                        "items": {"type": "string", "enum": [scope.value for scope in Scope]},
                        "description": "What it is good for: no more than you may do yourself.",
                    },
                    "matters": {
                        "type": ["array", "null"],
                        "minItems": 1,
                        "maxItems": 100,
                        "items": {
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 255,
                            "pattern": r"^[^\x00-\x1f\x7f]*$",
                        },
                        "description": "Only for these; where left out, for all that are yours. A "
                        "key with the scope `admin` is for all matters.",
                    },
                    "expires_in_days": {
                        "type": ["integer", "null"],
                        "minimum": 1,
                        "maximum": 3650,
                        "description": "How long it counts; without it, until it is revoked. One "
                        "with the scope `admin` must say so, and counts for 90 days at the most.",
                    },
                },
                "if": {"properties": {"scopes": {"contains": {"const": Scope.ADMIN.value}}}},
                "then": {
                    "required": ["expires_in_days"],
                    "properties": {
                        "expires_in_days": {"type": "integer", "maximum": 90},
                        "matters": {"type": "null"},
                    },
                },
            },
            "example": {
                "name": "night batch",
                "scopes": ["documents:write", "jobs:read"],
                "matters": ["2026-118"],
                "expires_in_days": 90,
            },
        }
    },
}


class ApiKeyView(Answer):
    """A key without its secret, which is nowhere any more."""

    model_config = described(KEY)

    id: Id
    name: str
    prefix: Annotated[str, Field(description="How the key begins: by this you know it again.")]
    scopes: list[Scope]
    matters: Annotated[list[str] | None, Field(description="Only for these; null: for all.")]
    created_at: Moment
    last_used_at: Annotated[Moment | None, Field(description="To the minute; null: never.")]
    expires_at: Moment | None
    revoked_at: Annotated[Moment | None, Field(description="From then on it counts no more.")]


class NewApiKey(ApiKeyView):
    """A key that was just made, with its secret: this is the only time that it is shown."""

    model_config = described(NEW_KEY)

    key: Annotated[str, Field(description="The whole key. Keep it: it is not shown again.")]


class ApiKeyPage(Answer):
    """Keys, the newest first."""

    model_config = described({"keys": [KEY], "next_cursor": None})

    keys: list[ApiKeyView]
    next_cursor: Annotated[
        str | None, Field(description="For the next page; null where this is the last.")
    ]
