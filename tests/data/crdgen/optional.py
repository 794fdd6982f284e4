"""An optional field may be absent; pydantic's `anyOf` with null would be refused."""

from typing import Annotated

from pydantic import Field, StringConstraints

from modelmonitor.api.types import Model, Name


class Inner(Model):
    """Its own words."""

    name: Name
    """Its name."""


class Case(Model):
    """Nothing is required but the first."""

    needed: Annotated[int, Field(ge=1, le=2)]
    """Is required."""
    number: Annotated[int, Field(ge=1, le=2)] | None = None
    """May be absent."""
    text: Annotated[str, StringConstraints(max_length=9)] | None = None
    """May be absent."""
    inner: Inner | None = None
    """The field's words are shown, not those of its class."""
    other: Inner | None = None
