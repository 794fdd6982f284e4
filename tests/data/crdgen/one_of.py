"""An object with exactly one key; the rule names the choices by their outside names."""

from typing import Annotated

from pydantic import StringConstraints

from modelmonitor.api.rules import OneOf, Rule
from modelmonitor.api.types import Model


class Nothing(Model):
    """No settings."""


class Folder(Model):
    """A folder."""

    path: Annotated[str, StringConstraints(max_length=9)]
    """Where."""


class Only(OneOf):
    """One choice so far."""

    folder: Folder | None = None
    """The only one."""


class Case(OneOf):
    """Three choices, and a rule of its own besides."""

    rules = (Rule("!has(self.localFolder) || self.localFolder.path != '/'", "name a folder below /"),)

    local_folder: Folder | None = None
    """The first."""
    nothing: Nothing | None = None
    """The second."""
    only: Only | None = None
    """The third."""
