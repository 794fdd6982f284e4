"""Labels that arrive apart, through the whole of an evaluation's reading; on disk and in memory alike."""

import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelmonitor.api.monitor import Partitioning
from modelmonitor.evaluation.errors import DataError, ResourceError
from modelmonitor.evaluation.join import Findings, Join, LabelSource
from modelmonitor.evaluation.limits import Limits
from modelmonitor.evaluation.plan import Source, plan
from modelmonitor.evaluation.scan import Needed, read, survey_window
from modelmonitor.evaluation.storage import Purpose, open_folder
from tests.unit.evaluation.worlds import NEW_YORK

START: Final = datetime(2013, 2, 4, tzinfo=UTC)
END: Final = START + timedelta(days=7)
NOW: Final = datetime(2013, 3, 1, tzinfo=UTC)
IN_MEMORY, ON_DISK = 1, 8
BATCH: Final = 64 * 1024 * 1024

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """Rows and labels, each in files of a folder."""

    folder: Path

    def rows(self, *files: Columns) -> "World":
        return self._put("rows", files)

    def labels(self, *files: Columns) -> "World":
        return self._put("labels", files)

    def _put(self, side: str, files: Sequence[Columns]) -> "World":
        (self.folder / side).mkdir(exist_ok=True)
        for number, columns in enumerate(files):
            table = pa.table(dict(columns))
            if side == "rows":
                table = table.append_column("at", pa.array([START] * table.num_rows, pa.timestamp("us", "UTC")))
            pq.write_table(table, self.folder / side / f"{number}.parquet", row_group_size=1000)
        return self

    def join(self, partitions: int, *key: str, timestamp: str | None = None, limits: Limits | None = None) -> "Joined":
        rows = open_folder(str(self.folder / "rows"), Purpose.DATA, {})
        labels = open_folder(str(self.folder / "labels"), Purpose.LABELS, {})
        source = Source(rows, Partitioning.FLAT, "at", NEW_YORK)
        apart = LabelSource(labels, Partitioning.FLAT, key or ("id",), "late", timestamp, NEW_YORK, NOW)
        needed = apart.needed_of_rows([Needed("data.columns.label", "late"), Needed("data.columns.score", "x")])
        found = survey_window(plan(source, NOW), START, END, needed)
        limits = limits or Limits(folder=self.folder)
        join = Join(apart, found, apart.survey(START), partitions, BATCH, limits)
        join.check()
        findings = Findings()
        batches = [rows.batch for rows in join.run(read(found, source, START, END, 1000), findings)]
        table = pa.Table.from_batches(batches) if batches else pa.table({"x": [], "late": []})
        return Joined(dict(zip(table["x"].to_pylist(), table["late"].to_pylist(), strict=True)), findings)


@dataclass(frozen=True)
class Joined:
    late: dict[Any, Any]
    """The label of each row, by its number x."""
    findings: Findings


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


both = pytest.mark.parametrize("partitions", [IN_MEMORY, ON_DISK], ids=["in memory", "on disk"])


def ids(*values: Any, type_: pa.DataType | None = None) -> Columns:
    return {"id": pa.array(values, type_), "x": list(range(len(values)))}


def late(
    values: Sequence[Any], labels: Sequence[Any], known: Sequence[str | None] | None = None, **key: Any
) -> Columns:
    columns: dict[str, Any] = {"id": pa.array(values, **key), "late": pa.array(labels)}
    if known is not None:
        times = [None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC) for text in known]
        columns["known"] = pa.array(times, pa.timestamp("us", "UTC"))
    return columns


@both
def test_each_row_gets_the_label_of_its_key_and_none_where_there_is_none(world: World, partitions: int) -> None:
    world.rows(ids(1, 2, None), {"id": [3], "x": [3]}).labels(late([2, 9], [1, 0]), late([1, None], [0, 1]))
    found = world.join(partitions)
    assert found.late == {0: 0, 1: 1, 2: None, 3: None}
    assert (found.findings.labels, found.findings.keys) == (3, 3), "a label without a key belongs to nobody"
    assert found.findings.partitions == partitions


@both
def test_rows_that_repeat_a_key_each_get_the_label_and_are_counted(world: World, partitions: int) -> None:
    found = world.rows(ids(1, 1, 1, 2, None, None)).labels(late([1], [1])).join(partitions)
    assert found.late == {0: 1, 1: 1, 2: 1, 3: None, 4: None, 5: None}
    assert (found.findings.repeated_rows, found.findings.rows_without_key) == (2, 2)
    assert "2 rows repeat the key of another" in str(found.findings)


@both
def test_the_newest_label_counts_and_the_future_is_ignored(world: World, partitions: int) -> None:
    world.rows(ids(1, 2, 3, 4)).labels(
        late([1, 2, 3], [0, 1, 1], ["2013-02-10", "2013-02-12", "2013-03-02"]),
        late([1, 2, 4, 4], [1, 0, 0, 1], ["2013-02-11", "2013-02-11", None, "2013-02-01"]),
    )
    assert world.join(partitions, timestamp="known").late == {0: 1, 1: 1, 2: None, 3: 1}


@both
def test_equal_labels_count_once(world: World, partitions: int) -> None:
    world.rows(ids(1)).labels(late([1, 1], [1, 1]), late([1], [1]))
    found = world.join(partitions)
    assert (found.late, found.findings.labels, found.findings.keys) == ({0: 1}, 3, 1)


@both
@pytest.mark.parametrize("timestamp", [None, "known"], ids=["without a timestamp", "known at the same time"])
def test_two_labels_for_one_key_are_an_error_that_says_which(
    world: World, partitions: int, timestamp: str | None
) -> None:
    day = ["2013-02-10"]
    world.rows(ids("AA7")).labels(late(["AA7"], [1], day), late(["AA7"], [0], day))
    with pytest.raises(DataError) as error:
        world.join(partitions, timestamp=timestamp)
    assert error.value.reason == "LabelsContradict"
    for part in ("id=AA7", "labels/0.parquet", "labels/1.parquet", "remove the wrong one", "data.labels.timestamp"):
        assert part in error.value.message


@both
def test_a_label_that_has_not_arrived_contradicts_nothing(world: World, partitions: int) -> None:
    world.rows(ids(1, 2)).labels({"id": [1, 1, 2], "late": pa.array([None, 1.0, float("nan")])})
    assert world.join(partitions).late == {0: 1.0, 1: None}


@both
def test_a_key_of_eight_columns_is_all_of_them(world: World, partitions: int) -> None:
    names = [f"k{number}" for number in range(8)]
    rows = {name: [number, number, number] for number, name in enumerate(names)}
    world.rows(rows | {"k7": ["a", "b", None], "x": [0, 1, 2]})
    world.labels({name: values[:2] for name, values in rows.items()} | {"k7": ["b", "c"], "late": [1, 1]})
    assert world.join(partitions, *names).late == {0: None, 1: 1, 2: None}


def test_the_order_of_columns_matters_to_a_key(world: World) -> None:
    world.rows({"a": [1], "b": [2], "x": [0]}).labels({"a": [2], "b": [1], "late": [1]})
    assert world.join(IN_MEMORY, "a", "b").late == {0: None}


SECONDS = pa.timestamp("s")


@both
@pytest.mark.parametrize(
    ("rows", "labels"),
    [
        pytest.param(pa.array([7], pa.int8()), pa.array([7], pa.int64()), id="int8 and int64"),
        pytest.param(pa.array([7], pa.uint32()), pa.array([7.0], pa.float64()), id="whole numbers written as floats"),
        pytest.param(pa.array(["ü"]), pa.array(["ü"], pa.large_string()), id="text and large text"),
        pytest.param(pa.array(["ü"]), pa.array(["ü"]).dictionary_encode(), id="text and a dictionary of text"),
        pytest.param(pa.array(["ü"]), pa.array(["ü".encode()]), id="text and bytes"),
        pytest.param(pa.array([0], SECONDS), pa.array([0], pa.timestamp("ns", "UTC")), id="times of two units"),
        pytest.param(pa.array([1], pa.date32()), pa.array([86400000], pa.date64()), id="dates of two units"),
        pytest.param(pa.array([True]), pa.array([1]), id="true and 1"),
    ],
)
def test_the_same_key_written_as_another_type_is_found(
    world: World, partitions: int, rows: pa.Array, labels: pa.Array
) -> None:
    found = world.rows({"id": rows, "x": [0]}).labels({"id": labels, "late": [1]}).join(partitions)
    assert found.late == {0: 1}


@pytest.mark.parametrize(
    ("rows", "labels", "reason", "says"),
    [
        pytest.param([1], ["1"], "KeyTypesDiffer", ['"id" is int64', "and string", "rows/", "labels/"], id="text"),
        pytest.param([1], [date(2013, 2, 4)], "KeyTypesDiffer", ["int64", "date32[day]"], id="a date"),
        pytest.param([1], [1.5], "KeyUnusable", ["labels/0.parquet", "data.labels.join"], id="a fraction"),
        pytest.param([2**64 - 1], [1], "KeyUnusable", ["rows/0.parquet", "64 bits"], id="larger than 63 bits"),
        pytest.param([[1]], [[1]], "KeyUnusable", ["list", "name a column"], id="a list"),
    ],
)
def test_keys_that_cannot_meet_are_an_error_that_says_why(
    world: World, rows: list[Any], labels: list[Any], reason: str, says: list[str]
) -> None:
    array = pa.array(rows, pa.uint64()) if rows == [2**64 - 1] else pa.array(rows)
    world.rows({"id": array, "x": [0]}).labels({"id": labels, "late": [1]})
    with pytest.raises(DataError) as error:
        world.join(IN_MEMORY)
    assert error.value.reason == reason
    for part in says:
        assert part in error.value.message


@pytest.mark.parametrize(
    ("make", "reason", "says"),
    [
        pytest.param(
            lambda world: world.rows(ids(1)).labels({"no": [1], "late": [1]}),
            "ColumnMissing",
            'data.labels.join: column "id" is not in',
            id="labels without the key",
        ),
        pytest.param(
            lambda world: world.rows({"x": [1]}).labels(late([1], [1])),
            "ColumnMissing",
            'data.labels.join: column "id" is not in',
            id="rows without the key",
        ),
        pytest.param(
            lambda world: world.rows(ids(1)).labels({"id": [1]}),
            "ColumnMissing",
            'data.columns.label: column "late" is not in',
            id="labels without a label",
        ),
        pytest.param(
            lambda world: world.rows(ids(1)).labels({"id": [1], "late": [1]}, {"id": ["1"], "late": [1]}),
            "ColumnTypesDiffer",
            "labels/1.parquet",
            id="files of labels that differ",
        ),
    ],
)
def test_files_that_lack_a_column_are_named(
    world: World, make: Callable[[World], World], reason: str, says: str
) -> None:
    with pytest.raises(DataError) as error:
        make(world).join(IN_MEMORY)
    assert error.value.reason == reason
    assert says in error.value.message


@both
def test_no_label_at_all_leaves_rows_without(world: World, partitions: int) -> None:
    assert world.rows(ids(1, 2)).labels().join(partitions).late == {0: None, 1: None}
    assert world.labels(late([], [], type=pa.int64())).join(partitions).late == {0: None, 1: None}


@both
def test_no_row_at_all_is_no_row(world: World, partitions: int) -> None:
    found = world.rows(ids(type_=pa.int64())).labels(late([1], [1])).join(partitions)
    assert found.late == {}


def test_the_dictionaries_of_batches_may_differ_on_disk(world: World) -> None:
    """Each row group has a dictionary of its own; the files on disk hold one after the other."""
    values = [f"flight {number}" for number in range(5000)]
    rows = {"id": pa.array(values).dictionary_encode(), "x": list(range(5000))}
    world.rows(rows).labels(late(values, [number % 2 for number in range(5000)]))
    assert world.join(ON_DISK).late == {number: number % 2 for number in range(5000)}


@given(
    rows=st.lists(st.integers(0, 30) | st.none(), max_size=60),
    labels=st.lists(st.tuples(st.integers(0, 30) | st.none(), st.integers(0, 1), st.integers(0, 40)), max_size=60),
    text=st.booleans(),
)
@settings(max_examples=30)
def test_any_rows_and_labels_join_as_a_dictionary_of_the_newest_would(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[int | None],
    labels: list[tuple[int | None, int, int]],
    text: bool,
) -> None:
    told = {(key, day): label for key, label, day in labels}
    known: dict[int | None, int] = {}
    for (key, day), label in sorted(told.items(), key=lambda one: one[0][1]):
        # 2013-02-01 and 29 days are after the wall clock.
        if key is not None and day <= 28:
            known[key] = label
    wanted = {x: known.get(key) for x, key in enumerate(rows)}

    world = World(tmp_path_factory.mktemp("world"))
    said = (lambda key: None if key is None else f"N{key}") if text else (lambda key: key)
    type_ = pa.string() if text else pa.int64()
    world.rows(ids(*map(said, rows), type_=type_))
    world.labels(
        {
            "id": pa.array([said(key) for key, _ in told], type_),
            "late": pa.array(list(told.values()), pa.int64()),
            "known": pa.array([datetime(2013, 2, 1, tzinfo=UTC) + timedelta(days=day) for _, day in told])
            if told
            else pa.array([], pa.timestamp("us", "UTC")),
        }
    )
    memory, disk = (world.join(partitions, timestamp="known") for partitions in (IN_MEMORY, ON_DISK))
    assert memory.late == disk.late == wanted
    assert replace(disk.findings, partitions=1) == memory.findings


def many(world: World, rows: int = 20_000) -> World:
    numbers = np.arange(rows)
    return world.rows({"id": numbers, "x": numbers}).labels({"id": numbers, "late": numbers % 2})


def test_a_disk_that_is_too_small_is_known_before_with_both_numbers(world: World) -> None:
    with pytest.raises(ResourceError) as error:
        many(world).join(ON_DISK, limits=Limits(disk=100_000, folder=world.folder))
    assert error.value.reason == "DiskFull"
    assert "97.7 KiB are free" in error.value.message
    assert "ephemeral-storage" in error.value.message


def test_a_disk_that_fills_up_meanwhile_is_the_same_error(world: World) -> None:
    """The limit of a file's size stands in for a disk that somebody else fills: both end a write with an OSError."""
    many(world)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(ResourceError) as error:
            world.join(ON_DISK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.reason == "DiskFull"
    assert "are free" in error.value.message


def test_nothing_is_left_on_the_disk(world: World) -> None:
    scratch = world.folder / "scratch"
    scratch.mkdir()
    found = many(world).join(ON_DISK, limits=Limits(folder=scratch))
    assert found.late[19_999] == 1
    assert list(scratch.iterdir()) == []


def test_a_folder_for_temporary_files_that_is_missing_is_told(world: World) -> None:
    with pytest.raises(ResourceError, match="TMPDIR"):
        many(world).join(ON_DISK, limits=Limits(folder=world.folder / "gone"))
