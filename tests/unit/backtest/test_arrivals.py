"""When a window closes, and what was known then, against looking at every row."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelmonitor.api.monitor import Partitioning
from modelmonitor.backtest.arrivals import Arrivals, as_of
from modelmonitor.evaluation.plan import Source
from modelmonitor.evaluation.storage.local import LocalFolder
from modelmonitor.evaluation.times import instant, microseconds
from tests.unit.evaluation.worlds import NEW_YORK, NOW

HOUR = timedelta(hours=1)
BEGIN = datetime(2013, 2, 4, 5, tzinfo=UTC)
hours = st.integers(0, 24 * 20)


def write(folder: Path, files: list[list[int]], layout: Partitioning, *, statistics: bool) -> None:
    """Files of events, given in hours since `BEGIN`; by Hive they lie below the day of the first."""
    for number, events in enumerate(files):
        times = [BEGIN + event * HOUR for event in events]
        if layout is Partitioning.HIVE:
            # A folder may hold a day of slack on either side, and no more.
            first = times[0].astimezone(NEW_YORK).date()
            times = [time for time in times if abs(time.astimezone(NEW_YORK).date() - first) <= timedelta(days=1)]
            path = folder / f"date={first}" / f"{number}.parquet"
        else:
            path = folder / f"{number}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        at = np.asarray([microseconds(time) for time in times]).astype("datetime64[us]")
        pq.write_table(pa.table({"at": at}), path, row_group_size=3, write_statistics=statistics)


def source(folder: Path, layout: Partitioning) -> Source:
    return Source(LocalFolder(folder), layout, "at", NEW_YORK)


def events(folder: Path) -> np.ndarray[Any, Any]:
    tables = [pq.read_table(path, partitioning=None) for path in folder.rglob("*.parquet")]
    return np.sort(np.concatenate([table["at"].to_numpy().astype(np.int64) for table in tables]))


@given(
    st.lists(st.lists(hours, min_size=1, max_size=12), min_size=1, max_size=6),
    st.sampled_from(list(Partitioning)),
    st.booleans(),
    st.lists(hours, min_size=1, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_the_first_event_from_a_moment_on_is_the_one_that_is_there(
    files: list[list[int]], layout: Partitioning, statistics: bool, moments: list[int]
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, files, layout, statistics=statistics)
        arrivals, every = Arrivals(as_of(source(folder, layout), NOW)), events(folder)
        for moment in (BEGIN + hour * HOUR - timedelta(minutes=20) for hour in moments):
            later = every[every >= microseconds(moment)]
            assert arrivals.first_from(moment) == (instant(int(later[0])) if later.size else None)


@given(
    st.lists(st.lists(hours, min_size=1, max_size=12), min_size=1, max_size=6),
    st.sampled_from(list(Partitioning)),
    hours,
)
@settings(max_examples=40, deadline=None)
def test_what_was_known_reaches_no_further_than_the_moment(
    files: list[list[int]], layout: Partitioning, hour: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, files, layout, statistics=True)
        now, every = BEGIN + hour * HOUR, events(folder)
        known = as_of(source(folder, layout), now)
        before = every[every <= microseconds(now)]
        assert known.data_through == (instant(int(before[-1])) if before.size else None)
        assert all(high <= microseconds(now) for _, high in known.spans.values())
        if layout is Partitioning.FLAT:
            shown = {file.file.path for file in known.files}
            begun = {
                path.name
                for path in folder.rglob("*.parquet")
                if pq.read_table(path)["at"].to_numpy().min() <= np.datetime64(now.replace(tzinfo=None))
            }
            assert shown == begun


def test_folders_of_days_are_not_opened_beyond_the_event_that_is_looked_for(tmp_path: Path) -> None:
    write(tmp_path, [[24 * day + 5] for day in range(10)], Partitioning.HIVE, statistics=True)
    arrivals = Arrivals(as_of(source(tmp_path, Partitioning.HIVE), NOW))
    for path in tmp_path.glob("date=2013-02-1*/*"):
        path.write_bytes(b"nobody may open it")
    assert arrivals.first_from(BEGIN) == BEGIN + 5 * HOUR


@pytest.mark.parametrize("layout", list(Partitioning))
def test_no_event_closes_a_window_that_reaches_beyond_the_data(tmp_path: Path, layout: Partitioning) -> None:
    write(tmp_path, [[1, 2, 3]], layout, statistics=True)
    arrivals = Arrivals(as_of(source(tmp_path, layout), NOW))
    assert arrivals.first_from(BEGIN + 4 * HOUR) is None
