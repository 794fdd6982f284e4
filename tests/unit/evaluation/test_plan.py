from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelmonitor.api.monitor import Partitioning
from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.plan import Source, plan
from modelmonitor.evaluation.scan import Needed, scan
from modelmonitor.evaluation.storage import Purpose, open_folder
from tests.unit.evaluation.worlds import NEW_YORK, rows_of_day, write

NOW = datetime(2013, 3, 1, 12, tzinfo=UTC)


def source(folder: Path, partitioning: Partitioning = Partitioning.HIVE) -> Source:
    return Source(open_folder(str(folder), Purpose.DATA, {}), partitioning, "at", NEW_YORK)


def flat(folder: Path) -> Source:
    return source(folder, Partitioning.FLAT)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def put(folder: Path, day: str, *times: str, name: str = "part.parquet", **how: Any) -> Path:
    path = folder / f"date={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    column = pa.array([at(text) for text in times], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"at": column}), path, **how)
    return path


@pytest.mark.parametrize("layout", [source, flat], ids=["Hive", "Flat"])
@pytest.mark.parametrize("statistics", [True, False], ids=["with statistics", "without statistics"])
def test_the_newest_event_is_found_and_the_future_does_not_move_it(
    tmp_path: Path, layout: Callable[[Path], Source], statistics: bool
) -> None:
    put(tmp_path, "2013-02-27", "2013-02-27T12:00", write_statistics=statistics)
    put(tmp_path, "2013-03-01", "2013-03-01T11:59", "2013-03-01T12:01", write_statistics=statistics)
    put(tmp_path, "2013-03-02", "2013-03-02T12:00", write_statistics=statistics)
    put(tmp_path, "2031-01-01", "2031-01-01T00:00", write_statistics=statistics)
    assert plan(layout(tmp_path), NOW).data_through == at("2013-03-01T11:59")


@pytest.mark.parametrize("layout", [source, flat], ids=["Hive", "Flat"])
def test_nothing_there_is_no_event(tmp_path: Path, layout: Callable[[Path], Source]) -> None:
    assert plan(layout(tmp_path), NOW).data_through is None
    put(tmp_path, "2013-03-01")
    put(tmp_path, "2013-03-05", "2013-03-05T12:00")
    assert plan(layout(tmp_path), NOW).data_through is None


def test_a_day_cut_in_another_zone_may_hold_the_newest_event(tmp_path: Path) -> None:
    put(tmp_path, "2013-02-28", "2013-02-28T06:00", "2013-03-01T02:00")
    put(tmp_path, "2013-03-01", "2013-02-28T23:00")
    assert plan(source(tmp_path), NOW).data_through == at("2013-03-01T02:00")


def test_days_that_cannot_matter_are_not_opened(tmp_path: Path) -> None:
    for day in range(1, 29):
        put(tmp_path, f"2013-02-{day:02}", f"2013-02-{day:02}T12:00")
    for day in (1, 2, 20):
        (tmp_path / f"date=2013-02-{day:02}" / "part.parquet").write_bytes(b"opening this fails")
    found = plan(source(tmp_path), NOW)
    start, end = midnight(date(2013, 2, 8), NEW_YORK), midnight(date(2013, 2, 15), NEW_YORK)
    assert found.data_through == at("2013-02-28T12:00")
    assert sum(len(rows.times) for rows in scan(found, start, end, [])) == 7
    assert {file.path[5:15] for file in found.files_for(start, end)} == {f"2013-02-{day:02}" for day in range(7, 16)}


def test_of_a_flat_folder_only_the_files_whose_footers_overlap_are_read(tmp_path: Path) -> None:
    for day in range(1, 6):
        put(tmp_path, f"2013-02-0{day}", f"2013-02-0{day}T12:00")
    found = plan(flat(tmp_path), NOW)
    files = found.files_for(at("2013-02-02T12:00"), at("2013-02-03T12:00"))
    assert [file.path for file in files] == ["date=2013-02-02/part.parquet"]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.timestamp("ms", "UTC"), id="milliseconds"),
        pytest.param(pa.timestamp("us", "UTC"), id="microseconds"),
        pytest.param(pa.timestamp("ns", "UTC"), id="nanoseconds"),
        pytest.param(pa.timestamp("us"), id="without a zone, read as UTC"),
        pytest.param(pa.timestamp("us", "Asia/Kolkata"), id="in another zone"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"use_deprecated_int96_timestamps": True}], ids=["", "Spark's INT96"])
def test_every_kind_of_timestamp_is_read(tmp_path: Path, column: pa.DataType, options: dict[str, Any]) -> None:
    times = [at("2013-02-04T04:59:59"), at("2013-02-04T05:00"), at("2013-02-05T04:59:59"), at("2013-02-05T05:00"), None]
    micros = pa.array(times, pa.timestamp("us", "UTC"))
    naive = pa.array([None if t is None else t.replace(tzinfo=None) for t in times], pa.timestamp("us"))
    (tmp_path / "date=2013-02-04").mkdir()
    table = pa.table({"at": (micros if column.tz else naive).cast(column)})
    pq.write_table(table, tmp_path / "date=2013-02-04" / "a.parquet", **options)
    found = plan(source(tmp_path), NOW)
    batches = list(scan(found, at("2013-02-04T05:00"), at("2013-02-05T05:00"), []))
    assert found.data_through == at("2013-02-05T05:00")
    assert [len(rows.times) for rows in batches] == [2], "half-open: the first instant is in, the end is not"


def test_batches_have_at_most_128k_rows(tmp_path: Path) -> None:
    day = date(2013, 2, 4)
    write(tmp_path, day, {"at": pa.array([midnight(day, NEW_YORK)] * 300_000), "x": pa.array(range(300_000))})
    sizes = [len(rows.times) for rows in scan(plan(source(tmp_path), NOW), at("2013-02-04T00:00"), NOW, [])]
    assert sum(sizes) == 300_000
    assert max(sizes) <= 128 * 1024


def test_only_the_columns_that_are_needed_are_read(tmp_path: Path) -> None:
    write(tmp_path, date(2013, 2, 4), rows_of_day(date(2013, 2, 4)))
    (rows,) = scan(plan(source(tmp_path), NOW), at("2013-02-04T00:00"), NOW, [Needed("data.columns.label", "label")])
    assert rows.batch.schema.names == ["at", "label"]


def test_an_optional_column_comes_as_each_file_has_it(tmp_path: Path) -> None:
    """Drift and quality look at it: that it changed its type, or is gone, is for them to say."""
    first, *_ = days = [date(2013, 2, number) for number in range(4, 9)]
    for day, x in zip(days, ([1], ["a"], None, [2.5], [[1]]), strict=True):
        rows = {name: values[:1] for name, values in rows_of_day(day).items() if name != "x"}
        write(tmp_path, day, rows if x is None else rows | {"x": x})
    needed = [Needed("data.columns.features", "x", optional=True), Needed("data.columns.label", "label")]
    found = scan(plan(source(tmp_path), NOW), midnight(first, NEW_YORK), NOW, needed)
    seen = [rows.batch.column("x").to_pylist() if "x" in rows.batch.schema.names else None for rows in found]
    assert seen == [[1], ["a"], None, [2.5], [[1]]]


def test_text_that_is_only_counted_comes_as_codes_and_says_the_same_when_files_go_together(tmp_path: Path) -> None:
    first = date(2013, 2, 4)
    for number in range(3):
        day = first + timedelta(days=number)
        write(tmp_path, day, rows_of_day(day, 2) | {"carrier": [f"C{number}", None if number else "C1"]})
    (rows,) = scan(plan(source(tmp_path), NOW), midnight(first, NEW_YORK), NOW, [Needed("f", "carrier", optional=True)])
    assert pa.types.is_dictionary(rows.batch.column("carrier").type)
    assert rows.batch.column("carrier").to_pylist() == ["C0", "C1", "C1", None, "C2", None]
    both = [Needed("f", "carrier", optional=True), Needed("a model", "carrier")]
    (rows,) = scan(plan(source(tmp_path), NOW), midnight(first, NEW_YORK), NOW, both)
    assert pa.types.is_string(rows.batch.column("carrier").type)


def cut(folder: Path) -> None:
    path = write(folder, date(2013, 2, 4), rows_of_day(date(2013, 2, 4)))
    path.write_bytes(path.read_bytes()[:-100])


def not_parquet(folder: Path) -> None:
    (folder / "date=2013-02-04").mkdir()
    (folder / "date=2013-02-04" / "part.parquet").write_bytes(b"at,label\n")


def empty_file(folder: Path) -> None:
    (folder / "date=2013-02-04").mkdir()
    (folder / "date=2013-02-04" / "part.parquet").write_bytes(b"")


def damaged_inside(folder: Path) -> None:
    path = write(folder, date(2013, 2, 4), rows_of_day(date(2013, 2, 4)))
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 500 + content[504:])


def text_times(folder: Path) -> None:
    write(folder, date(2013, 2, 4), rows_of_day(date(2013, 2, 4)) | {"at": ["2013-02-04"] * 60})


def no_time(folder: Path) -> None:
    write(folder, date(2013, 2, 4), {name: v for name, v in rows_of_day(date(2013, 2, 4)).items() if name != "at"})


def no_feature(folder: Path) -> None:
    write(folder, date(2013, 2, 4), {name: v for name, v in rows_of_day(date(2013, 2, 4)).items() if name != "x"})


def only_csv(folder: Path) -> None:
    (folder / "clicks.csv").write_text("at,label\n")


def no_days(folder: Path) -> None:
    (folder / "part.parquet").write_bytes(b"never opened")


@pytest.mark.parametrize(
    ("make", "reason", "says"),
    [
        pytest.param(cut, "FileUnreadable", "date=2013-02-04/part.parquet", id="a file still being written"),
        pytest.param(not_parquet, "FileUnreadable", "cannot be read as Parquet", id="another format under that name"),
        pytest.param(empty_file, "FileUnreadable", "cannot be read as Parquet", id="an empty file"),
        pytest.param(damaged_inside, "FileUnreadable", "date=2013-02-04/part.parquet", id="damaged in the middle"),
        pytest.param(text_times, "TimestampUnreadable", "is string, not a timestamp", id="times as text"),
        pytest.param(no_time, "ColumnMissing", 'data.columns.timestamp: column "at"', id="no column of times"),
        pytest.param(no_feature, "ColumnMissing", "(it has: at, label, said, score, y)", id="no column of a feature"),
        pytest.param(only_csv, "NoParquetFiles", "clicks.csv", id="no Parquet files at all"),
        pytest.param(no_days, "PartitioningUnreadable", "partitioning: Flat", id="not laid out by days"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, make: Callable[[Path], None], reason: str, says: str
) -> None:
    make(tmp_path)
    with pytest.raises(DataError) as caught:
        list(scan(plan(source(tmp_path), NOW), NOW - timedelta(days=60), NOW, [Needed("the model", "x")]))
    assert caught.value.reason == reason
    assert says in caught.value.message
