"""Bodies that make and change webhooks."""

from typing import Annotated

from pydantic import AfterValidator, Field

from reelkit.control.validation import NOT_BLANK, Flag, Params, Text
from reelkit.control.webhooks.events import EventName
from reelkit.egress.errors import EgressRefused
from reelkit.egress.url import parsed_url

MAX_NAME_LENGTH = 255
MAX_URL_LENGTH = 2_048
_SHOWN_CHARACTERS = 64


def _url(value: str) -> str:
    try:
        parsed_url(value)
    except EgressRefused as error:
        raise ValueError(f"must be a plain http or https URL: {error.message}") from error
    return value


def _event(value: str) -> EventName:
    try:
        return EventName(value)
    except ValueError:
        known = ", ".join(name.value for name in EventName)
        raise ValueError(f"there is no event {value[:_SHOWN_CHARACTERS]!r}; there are {known}") from None


def _each_once(events: list[EventName]) -> list[EventName]:
    return list(dict.fromkeys(events))


WebhookName = Annotated[Text, Field(min_length=1, max_length=MAX_NAME_LENGTH), NOT_BLANK]
WebhookUrl = Annotated[Text, Field(min_length=1, max_length=MAX_URL_LENGTH), AfterValidator(_url)]
Events = Annotated[
    list[Annotated[Text, AfterValidator(_event)]], Field(min_length=1, max_length=1_000), AfterValidator(_each_once)
]


class NewWebhook(Params):
    """A whole webhook."""

    name: WebhookName
    url: WebhookUrl = Field(description="http or https; its host is judged again at each delivery.")
    events: Events = Field(description=", ".join(name.value for name in EventName))
    enabled: Flag | None = Field(None, description="True when left out.")


class WebhookChange(Params):
    """The fields that change."""

    name: WebhookName | None = None
    url: WebhookUrl | None = None
    events: Events | None = None
    enabled: Flag | None = None
