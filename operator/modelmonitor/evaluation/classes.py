"""Classes as text: which rows are of the positive class.

Data say it in many ways: 1, 1.0, true, "late". Two values are the same class when their texts are: whole numbers
without a fraction ("1", also for 1.0, which is what pandas makes of integers with gaps), and `true` and `false` in any
case are "1" and "0". Anything else is compared letter by letter.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.evaluation.errors import DataError, InputError

MISSING: Final = -1
MOST_TEXTS: Final = 1000
_ALIKE: Final = "true is 1 and false is 0"
_BOOLEANS: Final = {"true": "1", "false": "0"}


def known(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a label or a prediction is there: no class is `MISSING`, no value is NaN or infinite; shape (rows,)."""
    there: NDArray[np.bool_] = np.isfinite(values) if values.dtype.kind == "f" else values != MISSING
    return there


def class_text(value: object) -> str | None:
    """The text by which classes are compared; None for a missing value (null, NaN)."""
    if value is None:
        return None
    if isinstance(value, float):
        if value != value:  # noqa: PLR0124 - NaN is the only value that is not itself
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    text = str(value)
    return _BOOLEANS.get(text.lower(), text)


def encoded(values: pa.Array) -> tuple[list[str | None], NDArray[np.intp]]:
    """The distinct classes that occur in a column as text, and the number of each row's among them; shape (rows,).

    `MISSING` for null. At most `MOST_TEXTS` are read out, since a column with more is none of classes: a longer list
    is cut there, and its rows are `MISSING`.
    """
    if pa.types.is_null(values.type):
        return [], np.full(len(values), MISSING, np.intp)
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = pc.fill_null(coded.indices.cast(pa.int32()), len(coded.dictionary)).to_numpy(zero_copy_only=False)
    # A dictionary may hold what no row of this batch is.
    occurring = np.flatnonzero(np.bincount(codes, minlength=len(coded.dictionary) + 1)[:-1])[:MOST_TEXTS]
    numbers = np.full(len(coded.dictionary) + 1, MISSING, np.intp)
    numbers[occurring] = np.arange(len(occurring))
    texts = [class_text(value.as_py()) for value in coded.dictionary.take(pa.array(occurring))]
    found: NDArray[np.intp] = numbers[codes]
    return texts, found


class ClassesReader:
    """Reads columns of classes of a multiclass task: the numbers of the classes in `model.classes`.

    A class that is not there is an error and no verdict: left out, the rows that the model has not learned would be
    those that nobody sees.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self._numbers: Final = {class_text(text) or "": number for number, text in enumerate(classes)}
        if len(self._numbers) < len(classes):
            raise InputError(
                "ClassesAlike",
                f"model.classes: two of {', '.join(classes)} mean the same ({_ALIKE}); keep one of them",
            )
        self._said: Final = ", ".join(f'"{text}"' for text in classes)

    def number(self, field: str, text: str) -> int:
        """The number of one class that the spec names."""
        if (number := self._numbers.get(class_text(text) or "")) is None:
            raise InputError("ClassUnknown", f'{field}: "{text}" is none of model.classes ({self._said})')
        return number

    def read(self, field: str, column: str, values: pa.Array) -> NDArray[np.intp]:
        """The number of each row's class, `MISSING` where there is none; shape (rows,).

        Raises:
            DataError: when the column holds a class that is not one of the task's.
        """
        texts, codes = encoded(values)
        unknown = [f'"{text}"' for text in texts if text is not None and text not in self._numbers]
        if unknown:
            raise DataError(
                "ClassUnknown",
                f'{field} "{column}" holds {", ".join(unknown[:5])}, which model.classes ({self._said}) does not name;'
                " list every class that can occur there, as it is written in the data",
            )
        numbers = [MISSING if text is None else self._numbers[text] for text in texts]
        found: NDArray[np.intp] = np.asarray([*numbers, MISSING], np.intp)[codes]
        return found


class ClassReader:
    """Reads columns of classes of one binary task, and makes sure that it is one.

    A label column that holds other words than `model.positiveClass` would make every row negative, the model look
    hopeless and the operator train: so two classes, none of which is the positive one, are an error and no verdict.
    """

    def __init__(self, positive_class: str) -> None:
        self._positive = class_text(positive_class)
        self._said: Final = positive_class
        self._seen: set[str] = set()

    def read(self, field: str, column: str, values: pa.Array) -> NDArray[np.intp]:
        """1 where the class is the positive one, 0 where it is the other, `MISSING` where there is none; shape (rows,).

        Raises:
            DataError: when the columns read so far cannot be those of this binary task.
        """
        texts, codes = encoded(values)
        self._seen |= {text for text in texts if text is not None}
        self._check(field, column)
        kinds = [MISSING if text is None else int(text == self._positive) for text in texts]
        classes: NDArray[np.intp] = np.asarray([*kinds, MISSING], np.intp)[codes]
        return classes

    def _check(self, field: str, column: str) -> None:
        seen = sorted(self._seen)
        if len(seen) <= 2 and (len(seen) < 2 or self._positive in self._seen):
            return
        shown = ", ".join(f'"{text}"' for text in seen[:5]) + (", …" if len(seen) > 5 else "")
        if len(seen) == 2:
            raise DataError(
                "PositiveClassNotFound",
                f'model.positiveClass is "{self._said}", but {field} "{column}" holds {shown}; write the one that is'
                " the positive class as it is in the data",
            )
        raise DataError(
            "NotBinary",
            f'{field} "{column}" holds more than two classes ({shown}); a BinaryClassification has two: name the'
            " column of the class itself",
        )
