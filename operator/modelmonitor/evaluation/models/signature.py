"""`signature.json`: what a model's file may not know about itself.

    {"columns": ["distance", "carrier"], "classes": ["late", "on time"]}

Both are optional. `columns` are the names of its inputs in order, for a model that was fitted on a bare array.
`classes` are the classes in the order of its probabilities, for a format that keeps numbers only.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, StrictStr, ValidationError

from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.errors import ModelError
from modelmonitor.evaluation.models.files import ModelFiles

SIGNATURE_FILE: Final = "signature.json"


class Signature(BaseModel):
    """Names of columns and classes; None is: ask the model itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[StrictStr, ...] | None = None
    classes: tuple[StrictStr | StrictInt | StrictBool, ...] | None = None

    @property
    def class_texts(self) -> tuple[str, ...] | None:
        """The classes as they are compared."""
        return None if self.classes is None else tuple(class_text(value) or "" for value in self.classes)


def read_signature(files: ModelFiles) -> Signature:
    """The signature beside a model; an empty one where there is none.

    Raises:
        ModelError: when it is not one.
    """
    if SIGNATURE_FILE not in files.sizes:
        return Signature()
    try:
        return Signature.model_validate_json(files.read(SIGNATURE_FILE))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ModelError(
            "ModelSignatureInvalid",
            f"{files.place}{SIGNATURE_FILE}: {where}: {first['msg']}; it is an object with columns and classes, each a"
            " list of names",
        ) from error


def columns_of(
    files: ModelFiles, own: tuple[str, ...] | None, signature: Signature, width: int, what: str
) -> tuple[str, ...]:
    """The names of a model's columns: the signature's, else its own.

    Args:
        files: for messages.
        own: what the model knows.
        signature: what stands beside it.
        width: how many columns it reads.
        what: the model, for messages.

    Raises:
        ModelError: when nobody names them, or not all.
    """
    names = signature.columns or own
    if names is None:
        raise ModelError(
            "ModelUnloadable",
            f"the model in {files.place} ({what}) does not know the names of its {width} columns; fit it on a DataFrame"
            f' with column names, or write {SIGNATURE_FILE} beside it: {{"columns": [its columns in order]}}',
        )
    if len(names) != width:
        raise ModelError(
            "ModelUnloadable",
            f"the model in {files.place} ({what}) reads {width} columns, but {len(names)} are named"
            f" ({', '.join(names[:6])}{', …' if len(names) > 6 else ''}); correct {SIGNATURE_FILE} or the model's"
            " signature",
        )
    return names


def summary(columns: Sequence[str], classes: Sequence[str] | None) -> str:
    """What a model reads and knows, in short: two that differ in a name or in their order differ here.

    >>> summary(["distance", "carrier"], ["0", "1"])
    '2 columns, 2 classes (f8a61b081038)'
    """
    known = hashlib.sha256(json.dumps([list(columns), classes and list(classes)]).encode()).hexdigest()[:12]
    return f"{len(columns)} columns{f', {len(classes)} classes' if classes is not None else ''} ({known})"


def classes_of(files: ModelFiles, signature: Signature, number: int) -> tuple[str, ...]:
    """The classes of a model that knows only how many there are: the signature's, else "0", "1" and so on.

    Raises:
        ModelError: when the signature names another number of classes.
    """
    named = signature.class_texts
    if named is None:
        return tuple(str(index) for index in range(number))
    if len(named) != number:
        raise ModelError(
            "ModelUnloadable",
            f"the model in {files.place} has {number} classes, but {files.place}{SIGNATURE_FILE} names {len(named)}",
        )
    return named
