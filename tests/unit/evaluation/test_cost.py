from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelmonitor.evaluation.cost import MOST_PARTITIONS, Load, cost_of
from modelmonitor.evaluation.errors import ResourceError
from modelmonitor.evaluation.limits import DISK_VARIABLE, Limits, memory_limit
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.evaluation.survey import Needed, Survey

MEBI: Final = 2**20


def side(rows: int, columns: int, group: int = 100_000) -> Survey:
    """Rows of float64, not compressed."""
    size = 8.125 * columns
    return Survey(
        open_folder("/lake", Purpose.DATA, {}),
        (),
        tuple(Needed("a field", f"c{number}") for number in range(columns)),
        pa.schema([(f"c{number}", pa.float64()) for number in range(columns)]),
        rows=rows,
        expected=rows,
        compressed=int(rows * size),
        largest_group=int(min(rows, group) * size),
        largest_group_in_memory=min(rows, group) * size,
        row_bytes=size,
        widest_row_bytes=size,
    )


def load(rows: int, columns: int = 10, labels: int | None = None) -> Load:
    return Load(side(rows, columns), None if labels is None else side(labels, 2), 100 * MEBI, 10 * MEBI)


def test_memory_does_not_grow_with_rows() -> None:
    assert cost_of(load(1_000_000), None).memory == cost_of(load(100_000_000), None).memory


def test_time_grows_with_rows_columns_and_labels() -> None:
    small = cost_of(load(1_000_000), None).seconds
    for more in (load(2_000_000), load(1_000_000, 20), load(1_000_000, 10, 1_000_000)):
        assert cost_of(more, None).seconds > small


def test_batches_are_smaller_where_memory_is_short() -> None:
    plenty, little = (cost_of(load(1_000_000, 200), limit * MEBI) for limit in (4096, 500))
    assert little.batch_bytes < plenty.batch_bytes
    assert little.memory < plenty.memory


@pytest.mark.parametrize(
    ("labels", "limit", "on_disk"),
    [
        pytest.param(1_000_000, None, False, id="a million labels, nothing limits it: in memory"),
        pytest.param(1_000_000, 2048, False, id="a million labels in 2 GiB: in memory"),
        pytest.param(100_000_000, 2048, True, id="a hundred million labels in 2 GiB: on disk"),
        pytest.param(100_000_000, None, True, id="a hundred million labels, nothing limits it: on disk all the same"),
    ],
)
def test_labels_go_to_disk_when_they_do_not_fit(labels: int, limit: int | None, on_disk: bool) -> None:
    cost = cost_of(load(1_000_000, labels=labels), None if limit is None else limit * MEBI)
    assert (cost.partitions > 1) is on_disk
    assert cost.partitions.bit_count() == 1
    assert cost.partitions <= MOST_PARTITIONS


loads = st.builds(load, st.integers(0, 10**9), st.integers(1, 5000), st.none() | st.integers(0, 10**10)).map(
    lambda one: replace(one, statistics=64 * MEBI)
)


@given(loads, st.integers(1, 64 * 1024))
def test_what_is_expected_stays_within_the_limit_or_is_an_error(one: Load, limit: int) -> None:
    try:
        cost = cost_of(one, limit * MEBI)
    except ResourceError:
        return
    assert cost.memory <= limit * MEBI


@given(loads)
def test_the_memory_that_the_error_asks_for_is_enough(one: Load) -> None:
    with pytest.raises(ResourceError) as error:
        cost_of(one, 32 * MEBI)
    said = error.value.message.partition("spec.jobs.resources.limits.memory to ")[2].partition("Mi")[0]
    assert cost_of(one, int(said) * MEBI).memory <= int(said) * MEBI


def test_what_is_told_has_rows_columns_memory_and_time() -> None:
    said = str(cost_of(load(1_000_000, labels=500_000), None))
    for part in ("1,000,000 rows of 10 columns and 500,000 labels", "MiB of memory at most", " s without the time of"):
        assert part in said


@pytest.mark.parametrize(
    ("file", "text", "limit"),
    [
        pytest.param("memory.max", "2147483648\n", 2048 * MEBI, id="version 2"),
        pytest.param("memory.max", "max\n", None, id="version 2 without a limit"),
        pytest.param("memory/memory.limit_in_bytes", "536870912\n", 512 * MEBI, id="version 1"),
        pytest.param("memory/memory.limit_in_bytes", "9223372036854771712\n", None, id="version 1 without a limit"),
        pytest.param("memory.other", "1\n", None, id="no control group at all"),
    ],
)
def test_the_memory_limit_is_the_containers(tmp_path: Path, file: str, text: str, limit: int | None) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    assert memory_limit(tmp_path) == limit
    assert Limits.of_this_process({}, tmp_path).memory == limit


def test_the_disk_is_as_large_as_the_job_may_use(tmp_path: Path) -> None:
    environ = {"TMPDIR": str(tmp_path), DISK_VARIABLE: "1000"}
    limits = Limits.of_this_process(environ, tmp_path)
    assert (limits.folder, limits.free_disk()) == (tmp_path, 1000)
    assert Limits.of_this_process({"TMPDIR": str(tmp_path)}, tmp_path).free_disk() > 1000
