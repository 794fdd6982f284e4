"""The classes that a ZipMap names, read from the graph itself.

ONNX Runtime does not tell the attributes of a node. An answer tells them too, but there is no row that every model
answers: an encoder of categories, as skl2onnx writes it, refuses a text that it has never seen.

An ONNX file is a message of protobuf, a row of numbered fields (https://protobuf.dev/programming-guides/encoding/). The
numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx-ml.proto.
"""

from collections.abc import Iterator
from typing import Final

_GRAPH_OF_MODEL: Final = 7
_NODE_OF_GRAPH: Final = 1
_TYPE_OF_NODE: Final = 4
_ATTRIBUTE_OF_NODE: Final = 5
_NAME_OF_ATTRIBUTE: Final = 1
_NUMBERS_OF_ATTRIBUTE: Final = 8
_TEXTS_OF_ATTRIBUTE: Final = 9

Key = int | str


def zipmap_keys(model: bytes) -> tuple[Key, ...] | None:
    """The keys of the maps that a model gives, in the order of its probabilities.

    Args:
        model: an ONNX file that has been loaded, so it is known to be one.

    Returns:
        None when it has no ZipMap, or several that differ.
    """
    found = {
        keys
        for graph in _messages(memoryview(model), _GRAPH_OF_MODEL)
        for node in _messages(graph, _NODE_OF_GRAPH)
        if any(bytes(name) == b"ZipMap" for name in _messages(node, _TYPE_OF_NODE))
        for attribute in _messages(node, _ATTRIBUTE_OF_NODE)
        if (keys := _keys(attribute))
    }
    return found.pop() if len(found) == 1 else None


def _keys(attribute: memoryview) -> tuple[Key, ...]:
    keys: list[Key] = []
    for number, value in _fields(attribute):
        match number, value:
            case (n, memoryview()) if n == _NAME_OF_ATTRIBUTE and not bytes(value).startswith(b"classlabels_"):
                return ()
            case (n, memoryview()) if n == _TEXTS_OF_ATTRIBUTE:
                keys.append(bytes(value).decode())
            case (n, int()) if n == _NUMBERS_OF_ATTRIBUTE:
                keys.append(_signed(value))
            case (n, memoryview()) if n == _NUMBERS_OF_ATTRIBUTE:
                keys += _packed(value)
    return tuple(keys)


def _messages(message: memoryview, number: int) -> Iterator[memoryview]:
    """The fields of one number, of those that hold bytes."""
    return (value for found, value in _fields(message) if found == number and isinstance(value, memoryview))


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: each one's number, and its value as a number or as bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
                yield tag >> 3, value
                continue
            case 1:
                size = 8
            case 2:
                size, at = _varint(message, at)
            case 5:
                size = 4
            case other:
                raise ValueError(f"an ONNX file has no fields of wire type {other}")
        yield tag >> 3, message[at : at + size]
        at += size


def _packed(numbers: memoryview) -> Iterator[int]:
    at = 0
    while at < len(numbers):
        value, at = _varint(numbers, at)
        yield _signed(value)


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where the next field begins."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _signed(value: int) -> int:
    """Two's complement of 64 bits."""
    return value - (1 << 64) if value >> 63 else value
