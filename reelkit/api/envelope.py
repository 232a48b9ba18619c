"""The envelope of every JSON answer, and the base of the wire models inside it.

Success is ``{"success": true, "data": …}``, a list adds ``paging``. A failure carries both habits that clients read:
``error`` (the web SDK) and ``errors`` (Cloudflare's API clients), each with the HTTP status as its ``code``.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from reelkit.clock import iso_ms
from reelkit.control import paging as control_paging

T = TypeVar("T")
Item = TypeVar("Item")

# An answer's optional field: left out when it is None. The SDK encodes a null name into protobuf and fails to join.
Absent = Annotated[T | None, Field(default=None, exclude_if=lambda value: value is None)]


Timestamp = Annotated[
    datetime,
    PlainSerializer(iso_ms, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


class WireModel(BaseModel):
    """Base of models that are sent: fields left out when None are documented as optional, not as nullable."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        documented = handler.resolve_ref_schema(handler(schema))
        for name, field in documented.get("properties", {}).items():
            documented["properties"][name] = _without_null(field)
        return documented


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in field.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == len(field.get("anyOf", [])):
        return field
    kept = {key: value for key, value in field.items() if key not in {"anyOf", "default"}}
    return kept | (choices[0] if len(choices) == 1 else {"anyOf": choices})


class Mirror(WireModel):
    """Base of models whose fields have the names of a domain object's attributes."""

    @classmethod
    def of(cls, source: object) -> Self:
        """What is sent about ``source``."""
        return cls.model_validate(source, from_attributes=True)


class Envelope(WireModel, Generic[T]):
    """A success with one object."""

    success: Literal[True] = True
    data: T


class Paging(WireModel):
    """Where a page lies in the whole list; offsets count from 1 and are 0 for an empty page."""

    total_count: int = Field(examples=[30])
    start_offset: int = Field(examples=[1])
    end_offset: int = Field(examples=[30])

    @classmethod
    def of(cls, page: control_paging.Page[Any]) -> Self:
        """Where ``page`` lies."""
        return cls(total_count=page.total_count, start_offset=page.start_offset, end_offset=page.end_offset)


class Page(WireModel, Generic[T]):
    """A success with one page of a list."""

    success: Literal[True] = True
    data: list[T]
    paging: Paging

    @classmethod
    def of(cls, page: control_paging.Page[Item], convert: Callable[[Item], T]) -> Self:
        """The page with each item converted to its wire model."""
        return cls(
            data=[convert(item) for item in page.items],
            paging=Paging.of(page),
        )


class ErrorItem(WireModel):
    """One reason why a request failed."""

    code: int = Field(description="The HTTP status.", examples=[422])
    message: str = Field(examples=["max_seconds: input should be greater than or equal to 60"])


class ErrorEnvelope(WireModel):
    """A failure; ``error`` is the first of ``errors``. ``request_id`` is an extension of Reelkit."""

    success: Literal[False] = False
    error: ErrorItem
    errors: list[ErrorItem]
    request_id: Absent[str] = Field(
        None,
        description="The request's name in the server's log, as in the header cf-ray.",
        examples=["9f86d081884c7d65"],
    )

    @classmethod
    def of(cls, status: int, *messages: str, request_id: str | None = None) -> "ErrorEnvelope":
        """The failure of HTTP ``status`` with at least one message."""
        items = [ErrorItem(code=status, message=message) for message in messages]
        return cls(error=items[0], errors=items, request_id=request_id)
