"""The API server fills in defaults from the outside in: `{}` plus what differs from the inner class's own."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from modelmonitor.api.types import Duration, Model


class Colour(StrEnum):
    RED = "Red"
    GREEN = "Green"


class Innermost(Model):
    """The third level."""

    colour: Colour = Colour.RED
    """Which colour."""
    pause: Duration = timedelta(hours=24)
    """How long."""


class Inner(Model):
    """The second level."""

    count: Annotated[int, Field(ge=0, le=9)] = 3
    """How many."""
    same: Innermost = Innermost()
    """As its class has it."""
    other: Innermost = Innermost(colour=Colour.GREEN)
    """One field is different."""
    nothing: Innermost | None = None
    """Is never filled in."""


class Case(Model):
    """The first level."""

    inner: Inner = Inner()
    """As its class has it."""
    wider: Inner = Inner(count=4, nothing=Innermost())
    """Two fields are different."""
    flag: bool = False
    """A flag."""
