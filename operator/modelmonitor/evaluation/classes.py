"""Classes as text: which rows are of the positive class.

Data say it in many ways: 1, 1.0, true, "late". Two values are the same class when their texts are: whole numbers
without a fraction ("1", also for 1.0, which is what pandas makes of integers with gaps), and `true` and `false` in any
case are "1" and "0". Anything else is compared letter by letter.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.evaluation.errors import DataError

MISSING: Final = -1
_BOOLEANS: Final = {"true": "1", "false": "0"}


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
        if pa.types.is_null(values.type):
            return np.full(len(values), MISSING, np.intp)
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        texts = [class_text(value.as_py()) for value in coded.dictionary[:1000]]
        codes = pc.fill_null(coded.indices.cast(pa.int32()), len(texts)).to_numpy(zero_copy_only=False)
        present = {texts[code] for code in np.unique(codes) if code < len(texts)}
        self._seen |= {text for text in present if text is not None}
        self._check(field, column, len(coded.dictionary))
        kinds = [MISSING if text is None else int(text == self._positive) for text in texts]
        classes: NDArray[np.intp] = np.asarray([*kinds, MISSING], np.intp)[codes]
        return classes

    def _check(self, field: str, column: str, distinct: int) -> None:
        seen = sorted(self._seen)
        if len(seen) <= 2 and distinct <= 1000 and (len(seen) < 2 or self._positive in self._seen):
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
