"""No row of the future: what was told by a moment is the same whatever comes after it."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelmonitor.backtest.story import Event, Story, WindowTold
from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.times import microseconds
from tests.unit.backtest.pasts import Refits, lived, rows_of, write_weeks
from tests.unit.evaluation.worlds import FIRST, NEW_YORK

WEEKS = 9
TURNED = range(3, 7)
SPECS: dict[str, dict[str, Any]] = {
    "labels with the rows": {"verdict": {"failuresToTrip": 1}},
    "labels two days late, drift beside": {
        "verdict": {"failuresToTrip": 1},
        "data": {
            "labels": {"delay": "2d"},
            "reference": {"window": {"start": str(FIRST), "end": str(FIRST + timedelta(days=7))}},
        },
        "drift": {"features": {"method": "psi", "max": 0.2}, "prediction": {"method": "js", "max": 0.1}},
        "quality": {"missing": {"max": 0.05}},
    },
    "windows that overlap, logged scores": {
        "windows": {"length": "14d", "every": "7d"},
        "verdict": {"failuresToTrip": 1},
        "data": {"predictions": {"column": {}}},
    },
}


def flattened(folder: Path, rows: list[dict[str, Any]]) -> None:
    """All days in one file, in row groups that are no days."""
    folder.mkdir(parents=True)
    pq.write_table(pa.concat_tables(pa.table(day) for day in rows), folder / "all.parquet", row_group_size=333)


def days(cut: int) -> list[dict[str, Any]]:
    """The days, but that after `cut` hours from the beginning rows say something else altogether."""
    limit = np.datetime64(microseconds(midnight(FIRST, NEW_YORK)) + cut * 3_600_000_000, "us")
    found = []
    for number in range(7 * WEEKS + 1):
        rows = rows_of(FIRST + timedelta(days=number), turned=number // 7 in TURNED, rows=60)
        later = rows["at"] > limit
        lies = {"x": 100 - rows["x"], "score": 1 - rows["score"], "label": 1 - rows["label"]}
        found.append(rows | {name: np.where(later, lie, rows[name]) for name, lie in lies.items()})
    return found


def told_by(story: Story, hours: int) -> list[WindowTold | Event]:
    """Everything that was told up to so many hours from the beginning; nothing of it may depend on what came later."""
    moment = midnight(FIRST, NEW_YORK) + timedelta(hours=hours)
    windows = [told.model_copy(update={"events": ()}) for told in story.windows if told.time <= moment]
    return [*windows, *(event for event in story.events if event.time <= moment)]


@pytest.fixture(scope="module", params=list(SPECS.values()), ids=list(SPECS))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Story]:
    """A spec, and the story of the past as it was."""
    with TemporaryDirectory() as name:
        return request.param, _story(Path(name), 10**6, request.param)


def _story(folder: Path, cut: int, spec: dict[str, Any]) -> Story:
    flattened(folder / "data", days(cut))
    data = {**spec.get("data", {}), "current": {"files": {"uri": "", "partitioning": "Flat"}}}
    story = lived(folder, Refits(folder / "data"), **{**spec, "data": data})
    text = story.model_dump_json().replace(str(folder), "FOLDER")
    return Story.model_validate_json(text)


@given(cut=st.integers(0, 24 * 7 * WEEKS))
@settings(max_examples=12, deadline=None)
def test_what_was_told_is_the_same_whatever_comes_later(whole: tuple[dict[str, Any], Story], cut: int) -> None:
    spec, story = whole
    with TemporaryDirectory() as name:
        other = _story(Path(name), cut, spec)
    assert told_by(other, cut) == told_by(story, cut)


def test_the_lies_would_be_seen(tmp_path: Path) -> None:
    """The test above can fail: what is told after the cut does differ."""
    spec = SPECS["labels with the rows"]
    honest, other = _story(tmp_path / "1", 10**6, spec), _story(tmp_path / "2", 24 * 10, spec)
    assert told_by(honest, 24 * 21) != told_by(other, 24 * 21)


def test_days_of_the_future_need_not_even_be_readable(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 6)
    future = tmp_path / "data" / "date=2013-03-11" / "part.parquet"
    story = lived(tmp_path)
    future.write_bytes(b"not written yet")
    again = lived(tmp_path, champion=str(tmp_path / "champion"), last=FIRST + timedelta(days=28))
    assert again.windows == story.windows[:4]
