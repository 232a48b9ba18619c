"""Bodies of requests: the types that fields share, and validation errors in the domain's words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictBool, ValidationError

from reelkit.control.errors import Invalid

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def _uuid(value: str) -> str:
    if _UUID.fullmatch(value) is None:
        raise ValueError("must be a UUID")
    return value.lower()


def _storable(value: str) -> str:
    # PostgreSQL cannot hold the character, and nobody means it.
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    # JSON can spell half of a surrogate pair, which is no character and cannot be written anywhere.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must not contain a lone surrogate")
    return value


def _whole_number(value: Any) -> Any:  # noqa: ANN401 - anything that JSON can hold comes in
    # The official client declares some whole numbers as floats and sends 60.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def in_utc(moment: datetime) -> datetime:
    """The same instant; without an offset a time is taken as UTC. Raises ValueError."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time between the years 1 and 9999") from None


UuidText = Annotated[str, AfterValidator(_uuid)]
"""A UUID with dashes, in lower case."""
Text = Annotated[str, AfterValidator(_storable)]
Flag = StrictBool
WHOLE = BeforeValidator(_whole_number)
"""Of an integer: stands behind its bounds, which would be missing in the documentation otherwise."""
NOT_BLANK = AfterValidator(_not_blank)
"""Of a text."""


class Params(BaseModel):
    """Base of request bodies. Unknown fields are ignored, as the hosted service does; known ones are checked strictly.

    A field that is null counts as not given.
    """

    # Errors do not repeat what was given: it may be a secret, and they may be logged.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True)

    @classmethod
    def parse(cls, body: object) -> Self:
        """Reads a decoded JSON body. Raises Invalid with the path of the first bad field and what is wrong with it."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise invalid(error) from error


def invalid(error: ValidationError) -> Invalid:
    """The domain's error for a failed validation: the first bad field and all messages, without any value."""
    problems = [
        (_path(problem["loc"]), _sentence(problem["type"], problem["msg"])) for problem in map(named, error.errors())
    ]
    message = "; ".join(f"{path}: {text}" if path else text for path, text in problems)
    return Invalid(message, field=problems[0][0])


def named(problem: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same, where a ``type`` that is missing or unknown is said of that field, without what was given."""
    if problem["type"] == "union_tag_not_found":
        return {**problem, "type": "missing", "loc": (*problem["loc"], "type"), "msg": "Field required"}
    if problem["type"] == "union_tag_invalid":
        message = f"Input should be one of {problem['ctx']['expected_tags']}"
        return {**problem, "type": "literal_error", "loc": (*problem["loc"], "type"), "msg": message}
    return problem


def _path(loc: tuple[int | str, ...]) -> str:
    parts = [str(part) for part in loc]
    # A union's branch is named by its tag, which is no field.
    if "storage_config" in parts[:-1] and len(parts) > parts.index("storage_config") + 2:
        del parts[parts.index("storage_config") + 1]
    return ".".join(parts)


def _sentence(kind: str, message: str) -> str:
    if kind in {"model_type", "model_attributes_type"}:
        return "must be a JSON object"
    return message.removeprefix("Value error, ")
