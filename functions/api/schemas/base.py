"""What all answers have in common: how they are described, and how times and links look."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

#: The schema is built when a first answer, or the document, asks for it: not at a cold start.
_DEFERRED = True


def described(example: dict[str, Any]) -> ConfigDict:
    """Return a model's configuration with one example of it for the document."""
    return ConfigDict(defer_build=_DEFERRED, json_schema_extra={"examples": [example]})


class Answer(BaseModel):
    """The base of every answer's model."""

    model_config = ConfigDict(defer_build=_DEFERRED)


#: A moment, by the database's clock, in ISO 8601 with its offset.
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
#: An address on this server.
Link = Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Count = Annotated[int, Field(ge=0)]
PageNumber = Annotated[int, Field(ge=1, description="The document's own page number, from 1.")]
