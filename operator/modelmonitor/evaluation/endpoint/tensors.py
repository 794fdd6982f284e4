"""What goes over the wire: rows as the protocol's input tensors, and output tensors as arrays.

Source: Open Inference Protocol, https://github.com/kserve/open-inference-protocol (REST, inference request and
response). MLServer makes a table of the inputs where `content_type` is `pd`, as in pandas; others pass that over.

A null is JSON's null. MLServer 1.7.1 takes one in a tensor of booleans for false, and fails at one in a tensor of whole
numbers: columns of these that hold a null are sent as FP64, where it becomes NaN, as it does in pandas.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.endpoint.answer import Answer
from modelmonitor.evaluation.errors import EndpointError
from modelmonitor.evaluation.types import Family, family

_FLOATS: Final = {"FP16": pa.float32(), "FP32": pa.float32(), "FP64": pa.float64()}
_WHOLE: Final = {
    **{f"INT{bits}": getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": getattr(pa, f"uint{bits}")() for bits in (8, 16, 32, 64)},
}
_NUMBERS: Final = frozenset({Family.TRUTH, Family.WHOLE, Family.NUMBER, Family.NOTHING})


@dataclass(frozen=True, slots=True)
class Output:
    """An output tensor of one answer."""

    name: str
    datatype: str
    width: int
    """Numbers of each row."""
    values: list[Any] | NDArray[np.float64]
    """Row by row: as JSON has them; of a float numbers, NaN for null, which take a quarter of the memory."""

    @property
    def is_float(self) -> bool:
        """Whether it holds numbers with a fraction."""
        return self.datatype.startswith(("FP", "BF"))

    def numbers(self) -> NDArray[np.float64]:
        """Its values as numbers, NaN for null; shape (rows, width)."""
        return _numbers(self.values).reshape(-1, self.width)

    def classes(self) -> list[str | None]:
        """Its values as texts of classes; only where there is one for each row."""
        return [class_text(one) for one in (self.values if isinstance(self.values, list) else self.values.tolist())]


@dataclass(frozen=True, slots=True)
class Answered:
    """All output tensors of one answer."""

    answer: Answer
    outputs: Mapping[str, Output]
    name: str
    """Of the model that answered, where the server says it. Seldon Core 2 has one of its own for each version."""
    version: str
    """Of that model, where the server says it."""

    def output(self, name: str, width: int) -> Output:
        """An output of some width; EndpointError when it is not there, or another width."""
        found = self.outputs.get(name)
        if found is None or found.width != width:
            raise self.answer.invalid(f"without the output {name} of width {width} that it gave before")
        return found


def column(name: str, values: pa.Array, asked: str = "", rank: int = 2) -> dict[str, Any]:
    """A column as an input tensor.

    Args:
        name: its name.
        values: its values.
        asked: the datatype that the server wants, where it says one.
        rank: of its shape: [rows] or [rows, 1].

    Raises:
        EndpointError: EndpointColumnUnsendable, when the protocol has no datatype for it.
    """
    datatype, sent = _sendable(name, values, asked)
    shape = [len(values)] if rank == 1 else [len(values), 1]
    return {"name": name, "shape": shape, "datatype": datatype, "data": sent}


def matrix(name: str, columns: Mapping[str, pa.Array], *, asked: str) -> dict[str, Any]:
    """Columns side by side as one input tensor of numbers.

    Raises:
        EndpointError: EndpointColumnUnsendable, when one of them holds no numbers.
    """
    datatype = asked if asked in _FLOATS else "FP64"
    sent = [_sendable(of, values, datatype) for of, values in columns.items()]
    for of, (own, _) in zip(columns, sent, strict=True):
        if own not in _FLOATS:
            raise _unsendable(of, f"the server takes one tensor of numbers ({name})")
    data = [value for row in zip(*(values for _, values in sent), strict=True) for value in row]
    rows = len(sent[0][1]) if sent else 0
    return {"name": name, "shape": [rows, len(columns)], "datatype": datatype, "data": data}


def question(inputs: Sequence[Mapping[str, Any]], outputs: Sequence[str], *, table: bool) -> bytes:
    """The body of an inference request; `table` where the inputs are columns."""
    asked: dict[str, Any] = {"inputs": inputs}
    if table:
        asked["parameters"] = {"content_type": "pd"}
    if outputs:
        asked["outputs"] = [{"name": name} for name in outputs]
    return json.dumps(asked, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def document(answer: Answer) -> Mapping[str, Any]:
    """The JSON object of an answer; EndpointError when it is none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise answer.invalid("with what is no JSON") from error
    if not isinstance(found, dict):
        raise answer.invalid("with JSON that is no object")
    return found


def answered(answer: Answer, rows: int) -> Answered:
    """The output tensors of an answer about `rows` rows.

    Raises:
        EndpointError: EndpointAnswerInvalid, when it is not one.
    """
    found = document(answer)
    outputs = found.get("outputs")
    if not isinstance(outputs, list) or not outputs:
        raise answer.invalid("without outputs")
    tensors = [_output(answer, one, rows) for one in outputs]
    name, version = (str(found.get(key) or "")[:80] for key in ("model_name", "model_version"))
    return Answered(answer, {one.name: one for one in tensors}, name, version)


def _sendable(name: str, values: pa.Array, asked: str) -> tuple[str, list[Any]]:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    kind = family(values.type)
    if kind is Family.TEXT:
        return "BYTES", values.to_pylist()
    if kind not in _NUMBERS:
        raise _unsendable(name, f"the Open Inference Protocol has no datatype for {values.type}")
    datatype = _datatype(values, kind, asked)
    if datatype == "BOOL":
        return datatype, values.to_pylist()
    try:
        numbers = values.cast((_FLOATS | _WHOLE)[datatype], safe=datatype in _WHOLE)
    except pa.ArrowException as error:
        raise _unsendable(name, f"the server wants {datatype}, and it holds other numbers") from error
    if datatype in _WHOLE:
        return datatype, numbers.to_pylist()
    if pc.any(pc.is_inf(numbers)).as_py():
        raise _unsendable(name, "it holds infinity, for which JSON has no number")
    return datatype, pc.if_else(pc.is_nan(numbers), pa.scalar(None, numbers.type), numbers).to_pylist()


def _datatype(values: pa.Array, kind: Family, asked: str) -> str:
    whole = kind in {Family.TRUTH, Family.WHOLE} and values.null_count == 0
    if asked in _FLOATS or (asked in _WHOLE and whole) or (asked == "BOOL" and whole and kind is Family.TRUTH):
        return asked
    if whole:
        return "BOOL" if kind is Family.TRUTH else str(values.type).upper()
    return "FP32" if pa.types.is_float32(values.type) or pa.types.is_float16(values.type) else "FP64"


def _unsendable(name: str, why: str) -> EndpointError:
    return EndpointError(
        "EndpointColumnUnsendable",
        f'column "{name}" cannot be sent to the endpoint: {why}; leave it out in data.columns.features, or write it as'
        " a number or text",
    )


def _output(answer: Answer, said: Any, rows: int) -> Output:
    if not isinstance(said, dict) or not isinstance(said.get("data"), list) or not isinstance(said.get("shape"), list):
        raise answer.invalid("with an output without shape or data")
    name, shape, values = str(said.get("name")), said["shape"], said["data"]
    while values and isinstance(values[0], list):
        values = [value for row in values for value in (row if isinstance(row, list) else [row])]
    numbers = [one for one in shape if type(one) is int]
    width = math.prod(numbers[1:])
    if numbers != shape or not shape or numbers[0] != rows or len(values) != rows * width or width < 1:
        raise answer.invalid(
            f"with the output {name} of shape {str(shape)[:60]} and {len(values):,} values to {rows:,} rows"
        )
    datatype = str(said.get("datatype", ""))
    fits = _is_text if datatype == "BYTES" else _is_number
    if not all(one is None or fits(one) for one in values):
        raise answer.invalid(f"with the output {name}, which says that it is {datatype} and holds something else")
    output = Output(name, datatype, width, values)
    return replace(output, values=_numbers(values)) if output.is_float else output


def _numbers(values: list[Any] | NDArray[np.float64]) -> NDArray[np.float64]:
    if isinstance(values, list):
        values = [math.nan if one is None else one for one in values]
    return np.asarray(values, np.float64)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    # JSON may hold a whole number that no float does.
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**1000)
