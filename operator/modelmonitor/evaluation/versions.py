"""Whose predictions: the rows whose prediction the serving model made, by the column that names a model's version.

A version is compared as text, letter by letter; a number is written as a whole one is ("7", also for 7.0). A row is the
serving model's when its version is

- the end of the model's URI, cut at slashes: of s3://models/flights/7 that is "7", "flights/7", "models/flights/7" and
  the URI itself; or
- the model's digest: `sha256:` and its hexadecimal digits, or these alone, all 64 or the first 12 or more. The model's
  files are read for it when the first version is met that may be one, and not before.

A row without a version is nobody's. What is left out is counted by version.
"""

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from modelmonitor.evaluation.errors import DataError, EvaluationError, printable
from modelmonitor.evaluation.parquet import ParquetFile, RowGroup
from modelmonitor.evaluation.survey import Needed
from modelmonitor.evaluation.types import Family, family

VERSION_FIELD: Final = "data.columns.modelVersion"
_TEXTS: Final = frozenset({Family.TEXT, Family.BYTES, Family.WHOLE, Family.NUMBER, Family.NOTHING})
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})", re.IGNORECASE)
# A column that has another value in each row was named by mistake; its first ones are enough to see that.
_MOST_KEPT: Final = 1000
_MOST_SHOWN: Final = 5
_LONGEST_SHOWN: Final = 48


class VersionFilter:
    """Lets the rows of one model's predictions through, and counts the others."""

    def __init__(self, column: str, uri: str, digest_of: Callable[[], str]) -> None:
        """Nothing is read yet.

        Args:
            column: that of the version.
            uri: the serving model's.
            digest_of: reads the model's files for their digest; may raise EvaluationError.
        """
        self.column: Final = column
        self.needed: Final = Needed(VERSION_FIELD, column, optional=True)
        """Optional for the survey, since each file may hold it as another type; `own` asks for it all the same."""
        self.rows: int = 0
        """Rows that were left out."""
        self.trouble: EvaluationError | None = None
        """Why the model's digest is not known though a version was met that may be one."""
        self._uri: Final = uri
        self._ends: Final = _ends(uri)
        self._digest_of: Final = digest_of
        self._digest: str | None = None
        self._by_version: Final[Counter[str | None]] = Counter()

    def own(self, batch: pa.RecordBatch, uri: str) -> pa.BooleanArray:
        """Which rows are the serving model's; the others are counted.

        Raises:
            DataError: when the column holds neither texts nor numbers.
        """
        values = batch.column(self.column)
        if family(values.type) not in _TEXTS:
            raise DataError(
                "ModelVersionUnreadable",
                f'{VERSION_FIELD}: column "{self.column}" of {uri} is {values.type}; write the version as text or as a'
                " whole number",
            )
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        own = []
        for one in pc.value_counts(coded):
            value, rows = one["values"].as_py(), one["counts"].as_py()
            if self._is_own(value):
                own.append(value)
            else:
                self._leave_out(value, rows)
        return pc.is_in(coded, pa.array(own, coded.type.value_type))

    def skips(self, file: ParquetFile, group: RowGroup, low: int, high: int, timestamp: str) -> bool:
        """Whether the footer says that all of a row group's rows are of [low, high) and another version's.

        Such a row group need not be read; its rows are counted as if it had been.
        """
        inside = group.low is not None and group.high is not None and low <= group.low and group.high < high
        if not inside or file.nulls(group.number, timestamp) != 0:
            return False
        value, nulls = file.only_value(group.number, self.column), file.nulls(group.number, self.column)
        if value is None or nulls is None or self._is_own(value):
            return False
        self._leave_out(value, group.rows - nulls)
        self._leave_out(None, nulls)
        return True

    def __str__(self) -> str:
        """What was left out, for people; empty when nothing was."""
        if not self.rows:
            return ""
        most = self._by_version.most_common(_MOST_SHOWN)
        shown = [f"{_shown(version)} ({rows:,} rows)" for version, rows in most]
        rest = self.rows - sum(rows for _, rows in most)
        shown += [f"others ({rest:,} rows)"] if rest else []
        return ", ".join(shown)

    def why_empty(self) -> str:
        """The sentence for a window in which no row was the serving model's."""
        return (
            f"none of the {self.rows:,} predictions logged in this window is the serving model's"
            f" ({_shown(self._ends[0])}, of {self._uri}): {VERSION_FIELD} says {self}"
        )

    def document(self) -> dict[str, Any]:
        """For the report."""
        versions = [{"version": version, "rows": rows} for version, rows in self._by_version.most_common(_MOST_KEPT)]
        return {"serving": self._ends[0], "leftOut": self.rows, "byVersion": versions}

    def _is_own(self, value: object) -> bool:
        texts = _texts(value)
        return any(text in self._ends for text in texts) or any(self._is_digest(text) for text in texts)

    def _is_digest(self, text: str) -> bool:
        found = _DIGEST.fullmatch(text)
        if found is None or self.trouble is not None:
            return False
        if self._digest is None:
            try:
                self._digest = self._digest_of().removeprefix("sha256:")
            except EvaluationError as error:
                self.trouble = error
                return False
        return self._digest.startswith(found.group(1).lower())

    def _leave_out(self, value: object, rows: int) -> None:
        self.rows += rows
        version = next(iter(_texts(value)), None)
        if rows and (version in self._by_version or len(self._by_version) < _MOST_KEPT):
            self._by_version[version] += rows


def _ends(uri: str) -> tuple[str, ...]:
    """The texts that name the model at a URI, the shortest first."""
    whole = uri.rstrip("/")
    segments = [segment for segment in whole.partition("://")[2 if "://" in whole else 0].split("/") if segment]
    ends = ["/".join(segments[-number:]) for number in range(1, len(segments) + 1)]
    return tuple(dict.fromkeys([*ends, whole, uri]))


def _texts(value: object) -> tuple[str, ...]:
    """A version as it may be written, what people read first; none for a missing one."""
    match value:
        case None | "" | b"":
            return ()
        case float() if value != value:  # noqa: PLR0124 - NaN is the only value that is not itself
            return ()
        case float() if value.is_integer():
            return str(int(value)), repr(value)
        case Decimal() if value == value.to_integral_value():
            return str(int(value)), str(value)
        case bytes():
            return (value.decode("utf-8", "replace"),)
        case _:
            return (str(value),)


def _shown(version: str | None) -> str:
    if version is None:
        return "no version"
    text = printable(version)
    return f'"{text}"' if len(text) <= _LONGEST_SHOWN else f'"{text[: _LONGEST_SHOWN - 1]}…"'
