"""What a server says of its model, and so how rows are put to it.

MLServer knows of a model's inputs what stands in its model-settings.json or comes with an MLflow model; of one that
Seldon serves from a bare `model.joblib` it knows nothing. So each part may be missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelmonitor.evaluation.endpoint.client import Client
from modelmonitor.evaluation.endpoint.tensors import document
from modelmonitor.evaluation.errors import EndpointError

# Servers that speak the protocol need not answer questions about the model.
_NOT_SAID: Final = frozenset({404, 405, 501})


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor that a model wants."""

    name: str
    datatype: str
    """As in the protocol, such as FP64; empty where it is not said."""
    rank: int
    """1 for [rows], 2 for [rows, width]."""
    width: int
    """Its columns; 0 where it is open."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is said of a model."""

    inputs: tuple[Input, ...] = ()
    """None where nothing is said, or they are not those of a table."""
    version: str = ""
    """The newest."""

    @property
    def columns(self) -> tuple[Input, ...]:
        """The inputs where each is one column; else none."""
        return self.inputs if all(one.width == 1 for one in self.inputs) else ()

    @property
    def matrix(self) -> Input | None:
        """The one input that takes all columns side by side, where there is such a one."""
        return self.inputs[0] if len(self.inputs) == 1 and self.inputs[0].width != 1 else None


def metadata_of(client: Client, url: str) -> Metadata:
    """Ask for a model's metadata.

    Raises:
        EndpointError: when the server cannot be reached, refuses, or answers something else.
    """
    answer = client.get(url)
    if answer.status in _NOT_SAID:
        return Metadata()
    if answer.status != 200:
        raise answer.refused()
    said = document(answer)
    inputs = [_input(one) for one in _list(said, "inputs")]
    known = tuple(one for one in inputs if one is not None)
    versions = [str(version) for version in _list(said, "versions")]
    return Metadata(known if len(known) == len(inputs) else (), versions[-1] if versions else "")


def server_of(client: Client, url: str) -> str:
    """Name and version of the server; empty where it does not say them, which is no trouble."""
    try:
        answer = client.get(url)
        said = document(answer) if answer.status == 200 else {}
    except EndpointError:
        return ""
    return " ".join(str(said[key])[:40] for key in ("name", "version") if said.get(key))


def _input(said: Any) -> Input | None:
    shape = said.get("shape") if isinstance(said, Mapping) else None
    if not isinstance(shape, list) or len(shape) not in {1, 2} or not all(type(one) is int for one in shape):
        return None
    width = 1 if len(shape) == 1 else max(0, shape[1])
    return Input(str(said.get("name", "")), str(said.get("datatype", "")), len(shape), width)


def _list(said: Mapping[str, Any], key: str) -> list[Any]:
    found = said.get(key)
    return found if isinstance(found, list) else []
