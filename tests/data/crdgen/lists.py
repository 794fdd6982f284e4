"""Every list has a type and a bound; ListMap makes it a map by one key."""

from typing import Annotated

from pydantic import Field, StringConstraints

from modelmonitor.api.annotations import ListMap
from modelmonitor.api.types import Model, Name


class Item(Model):
    """An item."""

    name: Name
    """Its name."""


class Case(Model):
    """Three lists."""

    names: Annotated[tuple[Annotated[str, StringConstraints(max_length=9)], ...], Field(min_length=1, max_length=3)]
    """A list of texts."""
    items: Annotated[tuple[Item, ...], Field(max_length=4), ListMap("name")] = ()
    """A list of objects with different names."""
    nested: Annotated[tuple[Annotated[tuple[Item, ...], Field(max_length=2)], ...], Field(max_length=2)]
    """A list of lists."""
