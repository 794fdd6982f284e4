"""Bounds, formats, patterns, enums and constants."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from modelmonitor.api.monitor import Quantity
from modelmonitor.api.types import Date, Duration, Model, Time


class Colour(StrEnum):
    RED = "Red"
    GREEN = "Green"


class Case(Model):
    """Every kind of scalar."""

    small: Annotated[int, Field(ge=0, le=100)]
    """Fits into 32 bits."""
    large: Annotated[int, Field(ge=-(10**12), le=10**12)]
    """Does not."""
    share: Annotated[float, Field(ge=0, le=1)]
    """A number."""
    text: Annotated[str, StringConstraints(min_length=1, max_length=5, pattern="^[a-z]+$")]
    """A text."""
    colour: Colour
    """An enum."""
    version: Literal["v1"]
    """A constant."""
    colours: Literal["Blue", "Grey"]
    """A choice of constants."""
    yes: bool
    """A flag."""
    length: Duration
    """A duration."""
    moment: Time
    """An instant."""
    day: Date
    """A day."""
    memory: Quantity
    """An integer or a text."""
