"""Docstrings become one paragraph each; the default, which `kubectl explain` does not show, is put behind."""

from typing import Annotated

from pydantic import Field

from modelmonitor.api.types import Model


class Inner(Model):
    """The words of a class
    over two lines.

    And a second paragraph.
    """

    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """A share. Lines are
    folded."""
    text_field: bool = True
    """A camelCase name: "quotes", `code`, non-ASCII ≥ …"""


class Case(Model):
    """The words of the outermost class."""

    of_its_class: Inner
    own: Inner
    """Words of the field hide those of the class."""
