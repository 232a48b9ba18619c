"""The body that makes an API token."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from reelkit.control.validation import NOT_BLANK, Params, Text, in_utc

_MAX_NAME_LENGTH = 255
# RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.2: 64 octets, an @ and 255 octets.
_MAX_EMAIL_LENGTH = 320
_NUMBER = re.compile(r"\s*[-+]?[0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?\s*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def _address(value: str) -> str:
    if _EMAIL.fullmatch(value) is None:
        raise ValueError("must be an e-mail address")
    return value


def _iso_text(value: Any) -> Any:  # noqa: ANN401 - anything that JSON can hold comes in
    # Pydantic would take a number, also one in a text, as seconds or milliseconds, whichever fits.
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        raise ValueError("must be a time such as 2030-01-31T12:00:00Z")
    return value


class TokenParams(Params):
    """A new API token."""

    name: Annotated[Text, Field(min_length=1, max_length=_MAX_NAME_LENGTH), NOT_BLANK]
    """What it is for; for people."""
    app_id: Text | None = None
    """The one app that it opens; the whole account when left out."""
    email: Annotated[Text, Field(max_length=_MAX_EMAIL_LENGTH), AfterValidator(_address)] | None = None
    """Lets clients send the token as X-Auth-Key, together with this address as X-Auth-Email."""
    expires_on: Annotated[datetime, BeforeValidator(_iso_text), AfterValidator(in_utc)] | None = None
    """When it ends, in ISO 8601, UTC without an offset; never when left out."""
