"""Types that the kinds share: the base model, durations, names, quantities."""

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from modelmonitor.api.annotations import Shortened

GROUP: Final = "modelmonitor.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

# Five digits: 99999d still fits the nanoseconds in which the API server counts, and a calendar.
DURATION_PATTERN: Final = r"^[1-9][0-9]{0,4}(s|m|h|d)$"
_UNITS: Final = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Model(BaseModel):
    """Base of every document: immutable, camelCase outside, snake_case inside.

    Unknown fields are ignored when read from the cluster (an older operator must bear a newer CRD); the command
    line validates with `extra="forbid"`, so that a typo in a file is told.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )

    def document(self) -> dict[str, Any]:
        """The JSON form, with the outside names and without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `30m`, `12h` or `7d`.

    Raises:
        ValueError: for anything else; the API server's pattern refuses the same.
    """
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration: write a whole number and one of s, m, h, d, such as 30m or 7d")
    return int(text[:-1]) * _UNITS[text[-1]]


def format_duration(value: timedelta) -> str:
    """Write a duration in the largest unit that divides it: 7 days are `7d`, 90 minutes `90m`."""
    seconds = round(value.total_seconds())
    for suffix in ("d", "h", "m"):
        unit = round(_UNITS[suffix].total_seconds())
        if seconds % unit == 0:
            return f"{seconds // unit}{suffix}"
    return f"{seconds}s"


def _duration_from(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def format_time(value: datetime) -> str:
    """RFC 3339 in UTC, with the fraction only when there is one: what the API server itself writes."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration_from),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "pattern": DURATION_PATTERN, "maxLength": 6}),
]

Time = Annotated[
    datetime,
    AfterValidator(_utc),
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 32}),
]

Date = Annotated[
    date,
    WithJsonSchema({"type": "string", "format": "date", "maxLength": 10}),
]

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"),
]
"""The name of a Kubernetes object."""

Column = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""The name of a column in the data."""

Uri = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
"""`s3://bucket/path`, `file:///path` or a path."""

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
"""How many."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A share, a probability or a level."""

Message = Annotated[str, Shortened(384)]
"""A sentence for people, in a status."""

Note = Annotated[str, Shortened(256)]
"""A short one, of which a status keeps many."""

Reason = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9]*$")]


class ConditionStatus(StrEnum):
    """The three answers of a Kubernetes condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"
