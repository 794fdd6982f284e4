"""Files as they come: each is read as it is meant, or is an error that says what is wrong; nothing else is raised."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelmonitor.api.result import EvaluationResult, Look
from modelmonitor.evaluation.errors import DataError, EvaluationError, ResourceError
from modelmonitor.evaluation.evaluate import evaluate
from tests.unit.evaluation.worlds import FIRST, NOW, input_for, rows_of_day, write, write_days

Columns = dict[str, Any]
ROWS: Final = 60
MILLIS: Final = pa.timestamp("ms")
FAR: Final = pa.array([2**62], MILLIS)


def look(folder: Path, **how: Any) -> EvaluationResult:
    given = input_for(folder, partitioning="Flat", **how)
    return evaluate(given, environ={}, now=NOW, progress=lambda line: None)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def written(folder: Path, change: Callable[[Columns], Columns], *, on: int = 3) -> EvaluationResult:
    """Eight days, one of which is written differently."""
    for number in range(8):
        rows = rows_of_day(day(number))
        write(folder, day(number), change(rows) if number == on else rows)
    return look(folder)


def cast(name: str, type_: pa.DataType) -> Callable[[Columns], Columns]:
    return lambda rows: rows | {name: pa.array(rows[name]).cast(type_)}


def nested(rows: Columns) -> Columns:
    return rows | {"more": [{"a": [1, 2], "b": {"c": "d"}}] * ROWS, "tags": [["x"], []] * (ROWS // 2)}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(cast("at", pa.timestamp("ns")), id="nanoseconds"),
        pytest.param(cast("at", pa.timestamp("us", "Asia/Kolkata")), id="microseconds in another zone"),
        pytest.param(lambda rows: rows | {"at": pa.array(rows["at"]).cast(pa.timestamp("ms"), safe=False)}, id="ms"),
        pytest.param(cast("label", pa.int8()), id="a narrower label"),
        pytest.param(cast("label", pa.uint64()), id="an unsigned label"),
        pytest.param(cast("label", pa.float32()), id="a label as float"),
        pytest.param(cast("label", pa.bool_()), id="a label as bool"),
        pytest.param(cast("score", pa.float32()), id="a score in 32 bits"),
        pytest.param(nested, id="nested columns that nobody needs"),
        pytest.param(lambda rows: rows | {"ключ 🛫\n": ["\0ü"] * ROWS}, id="names of any Unicode"),
        pytest.param(lambda rows: rows | {"score.x": rows["score"], "a.b.c": rows["x"]}, id="names with dots"),
        pytest.param(lambda rows: dict(reversed(rows.items())), id="another order of columns"),
        pytest.param(lambda rows: rows | {f"f{number}": rows["x"] for number in range(5000)}, id="5,000 more columns"),
    ],
)
def test_one_file_that_is_written_differently_changes_nothing(
    tmp_path: Path, change: Callable[[Columns], Columns]
) -> None:
    result = written(tmp_path, change)
    assert (result.look, result.rows, result.coverage) == (Look.JUDGED, 7 * ROWS, 1.0)


def test_a_dictionary_of_classes_in_some_files_is_text_in_the_others(tmp_path: Path) -> None:
    for number in range(8):
        text = pa.array(["late" if label else "in time" for label in rows_of_day(day(number))["label"]])
        label = text.dictionary_encode() if number % 2 else text
        write(tmp_path, day(number), rows_of_day(day(number)) | {"label": label})
    result = look(tmp_path, model={"positiveClass": "late"})
    assert (result.look, result.coverage) == (Look.JUDGED, 1.0)


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        pytest.param(cast("label", pa.string()), "ColumnTypesDiffer", "data.columns.label", id="a label as text"),
        pytest.param(cast("score", pa.string()), "ColumnTypesDiffer", "data.columns.score", id="a score as text"),
        pytest.param(
            lambda rows: rows | {"label": [[1]] * ROWS}, "ColumnTypesDiffer", "write it as the same type", id="a list"
        ),
        pytest.param(
            lambda rows: rows | {"at": pa.concat_arrays([pa.array(rows["at"]).cast(MILLIS, safe=False)[1:], FAR])},
            "TimestampOutOfRange",
            "data.columns.timestamp",
            id="times that no calendar has",
        ),
    ],
)
def test_one_file_of_another_type_is_named(
    tmp_path: Path, change: Callable[[Columns], Columns], reason: str, says: str
) -> None:
    with pytest.raises(DataError) as error:
        written(tmp_path, change)
    assert error.value.reason == reason
    assert says in error.value.message
    assert "date=2013-02-07" in error.value.message


def test_two_columns_of_one_name_are_named(tmp_path: Path) -> None:
    write_days(tmp_path, 8)
    rows = pa.table(rows_of_day(day(3)))
    pq.write_table(rows.append_column("score", rows["x"]), tmp_path / "date=2013-02-07" / "part.parquet")
    with pytest.raises(DataError, match='2 columns named "score"') as error:
        look(tmp_path)
    assert error.value.reason == "ColumnAmbiguous"


def test_two_columns_of_one_name_that_nobody_needs_are_no_matter(tmp_path: Path) -> None:
    write_days(tmp_path, 8)
    rows = pa.table(rows_of_day(day(3)))
    pq.write_table(rows.append_column("x", rows["y"]), tmp_path / "date=2013-02-07" / "part.parquet")
    assert look(tmp_path).rows == 7 * ROWS


def test_files_without_rows_and_without_row_groups_hold_nothing(tmp_path: Path) -> None:
    write_days(tmp_path, 8)
    table = pa.table(rows_of_day(day(3)))
    write(tmp_path, day(3), {name: table[name][:0] for name in table.column_names}, "a.parquet")
    with pq.ParquetWriter(tmp_path / "date=2013-02-07" / "b.parquet", table.schema):
        pass
    # An empty file's types are nobody's: pandas writes an empty column as null or object.
    write(tmp_path, day(3), dict.fromkeys(table.column_names, pa.nulls(0)), "c.parquet")
    assert look(tmp_path).rows == 7 * ROWS


@pytest.mark.parametrize(
    ("dictionary", "reason"),
    [
        pytest.param(False, "TextUnreadable", id="plain"),
        pytest.param(True, "FileUnreadable", id="a dictionary, which pyarrow checks itself"),
    ],
)
def test_bytes_that_are_no_text_name_column_and_file(tmp_path: Path, dictionary: bool, reason: str) -> None:
    bad = pa.Array.from_buffers(
        pa.string(), ROWS, [None, pa.py_buffer(np.arange(ROWS + 1, dtype=np.int32)), pa.py_buffer(b"\xff" * ROWS)]
    )
    bad = pa.DictionaryArray.from_arrays(pa.array([0] * ROWS), bad[:1]) if dictionary else bad
    for number in range(8):
        rows = rows_of_day(day(number))
        write(tmp_path, day(number), rows | {"label": bad if number == 3 else pa.array(["1"] * ROWS)})
    with pytest.raises(DataError) as error:
        look(tmp_path)
    assert error.value.reason == reason
    assert "date=2013-02-07/part.parquet" in error.value.message
    assert dictionary or 'column "label"' in error.value.message


def test_a_file_that_is_removed_after_it_was_listed_is_named(tmp_path: Path) -> None:
    write_days(tmp_path, 8)
    given = input_for(tmp_path, partitioning="Flat")

    def remove(line: str) -> None:
        (tmp_path / "date=2013-02-07" / "part.parquet").unlink(missing_ok=True)

    with pytest.raises(EvaluationError) as error:
        evaluate(given, environ={}, now=NOW, progress=remove)
    assert "date=2013-02-07/part.parquet" in error.value.message


def test_paths_of_any_unicode_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "Flüge 🛫 #1?%41"
    write_days(folder, 8)
    assert look(folder).rows == 7 * ROWS


@pytest.mark.parametrize(
    ("start", "hours"),
    [
        pytest.param("2013-03-04", 7 * 24 - 1, id="spring forward: a day of 23 hours"),
        pytest.param("2013-10-28", 7 * 24 + 1, id="fall back: a day of 25 hours"),
    ],
)
def test_the_week_in_which_clocks_change_has_all_its_rows_and_no_others(tmp_path: Path, start: str, hours: int) -> None:
    """A row each half hour in UTC, from two days before to two days after."""
    first = datetime.fromisoformat(start).replace(tzinfo=UTC) - timedelta(days=2)
    count = 11 * 48
    times = [first + timedelta(minutes=30) * number for number in range(count)]
    columns = {"at": times, "score": np.linspace(0, 1, count), "label": np.arange(count) % 2}
    write(tmp_path, date.fromisoformat(start), columns)
    assert look(tmp_path, windows={"origin": start}).rows == 2 * hours


def test_dates_are_days_of_the_windows_zone(tmp_path: Path) -> None:
    days = [date(2013, 3, 3) + timedelta(days=number) for number in range(12)]
    columns = {"at": pa.array(days, pa.date32()), "score": np.linspace(0, 1, 12), "label": np.arange(12) % 2}
    write(tmp_path, days[0], columns)
    assert look(tmp_path, windows={"origin": "2013-03-04"}).rows == 7


@cache
def valid() -> bytes:
    """A file with what files have: dictionaries, nulls, two row groups, statistics, text."""
    rows = rows_of_day(FIRST, rows=400) | {"label": pa.array([None, 1, 0, 1] * 100), "text": ["ü", "b"] * 200}
    sink = BytesIO()
    pq.write_table(pa.table(rows), sink, row_group_size=250, compression="snappy")
    return sink.getvalue()


damages = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12)


@given(damages, st.booleans())
@example([(0.99, 255)], True)
# The same examples each time: should pyarrow find another way to end the process, this is no place to learn of it.
@settings(max_examples=300, derandomize=True)
def test_a_damaged_file_is_a_result_or_an_error_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[float, int]], footer: bool
) -> None:
    content = bytearray(valid())
    # Most of what can go wrong goes wrong in the footer, the last kilobytes.
    first = len(content) * 2 // 3 if footer else 0
    for place, value in damage:
        content[first + int(place * (len(content) - first))] = value
    folder = tmp_path_factory.mktemp("damaged")
    write(folder, day(8), rows_of_day(day(8)))
    (folder / "damaged.parquet").write_bytes(content)
    for how in ({}, {"labels": {"files": {"uri": str(folder)}, "join": ["x"]}, "columns": {"label": "label"}}):
        try:
            result = look(folder, **how)
        except (DataError, ResourceError) as error:
            error.message.encode()
        else:
            assert result.look in set(Look)


@given(st.floats(0, 1))
@settings(max_examples=60)
def test_a_file_that_is_cut_is_an_error(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    content = valid()
    folder = tmp_path_factory.mktemp("cut")
    (folder / "cut.parquet").write_bytes(content[: min(int(len(content) * share), len(content) - 1)])
    with pytest.raises(DataError, match=r"cut\.parquet cannot be read as Parquet"):
        look(folder)
