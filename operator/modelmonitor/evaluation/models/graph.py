"""What goes into an ONNX graph and what comes out, as ONNX Runtime describes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modelmonitor.evaluation.errors import ModelError
from modelmonitor.evaluation.models.files import ModelFiles

_TYPES: Final[dict[str, np.dtype[Any]]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(double)": np.dtype(np.float64),
    "tensor(int64)": np.dtype(np.int64),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(bool)": np.dtype(np.bool_),
    "tensor(string)": np.dtype(np.object_),
}
_FLOATS: Final = frozenset({"tensor(float)", "tensor(double)"})


@dataclass(frozen=True, slots=True)
class Input:
    """An input: one column, or all of them side by side."""

    name: str
    kind: np.dtype[Any]
    rank: int
    width: int
    """Its columns; 0 where the graph leaves that open."""

    @property
    def is_text(self) -> bool:
        """Whether it takes texts."""
        return self.kind.kind == "O"

    def shape_of(self, rows: int) -> tuple[int, ...]:
        """The shape of some rows of an input of one column."""
        return (rows,) if self.rank == 1 else (rows, 1)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Which output is what; None where there is none."""

    label: str | None
    label_is_text: bool
    probabilities: str | None
    is_zipmap: bool
    """Whether the probabilities come as a list of maps from class to probability."""
    width: int
    """Of probabilities: how many classes; 0 where the graph leaves that open."""
    value: str | None


def inputs_of(files: ModelFiles, found: Sequence[Any]) -> tuple[Input, ...]:
    """The inputs: one for each column, or a single one for all.

    Raises:
        ModelError: when they are not the columns of a table.
    """
    for one in found:
        if one.type not in _TYPES or len(one.shape) not in {1, 2}:
            raise ModelError(
                "ModelUnloadable",
                f"the model in {files.place} has the input {one.name} of type {one.type} and shape {one.shape}; columns"
                " of a table are numbers, booleans or texts, of shape [rows, 1] or together [rows, n]",
            )
    inputs = tuple(Input(str(one.name), _TYPES[one.type], len(one.shape), _width(one.shape)) for one in found)
    if not inputs or (len(inputs) > 1 and any(one.width != 1 for one in inputs)):
        raise ModelError(
            "ModelUnloadable",
            f"the model in {files.place} has inputs {', '.join(f'{one.name} {one.shape}' for one in found)}; convert"
            " it with an input of one column for each, or with a single one for all",
        )
    return inputs


def outputs_of(files: ModelFiles, found: Sequence[Any]) -> Outputs:
    """The outputs by their types.

    Raises:
        ModelError: when none is a class, probabilities or a value for each row.
    """
    zipmap = next((one for one in found if one.type.startswith("seq(map(")), None)
    matrix = next((one for one in found if one.type in _FLOATS and len(one.shape) == 2 and one.shape[1] != 1), None)
    label = next((one for one in found if one.type in _TYPES and one.type not in _FLOATS), None)
    value = next((one for one in found if one.type in _FLOATS and one is not matrix and len(one.shape) <= 2), None)
    if not any((zipmap, matrix, label, value)):
        shown = ", ".join(f"{one.name} {one.type} {one.shape}" for one in found)
        raise ModelError(
            "ModelUnloadable",
            f"the model in {files.place} has no output that is a class, probabilities or a value for each row (it has"
            f" {shown})",
        )
    probabilities = zipmap or matrix
    return Outputs(
        label=label and label.name,
        label_is_text=label is not None and label.type == "tensor(string)",
        probabilities=probabilities and probabilities.name,
        is_zipmap=zipmap is not None,
        width=_width(matrix.shape) if matrix is not None and zipmap is None else 0,
        value=value and value.name,
    )


def _width(shape: Sequence[Any]) -> int:
    if len(shape) == 1:
        return 1
    return shape[1] if isinstance(shape[1], int) else 0
