"""The reference: read once, kept, found again, and read again when anything it rests on has changed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelmonitor.api.job import EvaluationInput
from modelmonitor.evaluation.blocks import Blocks
from modelmonitor.evaluation.contenders import champion_of
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.evaluate import source_of
from modelmonitor.evaluation.plan import plan
from modelmonitor.evaluation.reference.build import MOST_BLOCKS, coarse
from modelmonitor.evaluation.reference.codec import ProfileUnreadableError, decode, encode
from modelmonitor.evaluation.reference.of_monitor import profile_of
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.reference.watched import PREDICTION, TARGET
from modelmonitor.evaluation.sample import Sample
from modelmonitor.evaluation.segments import Group
from modelmonitor.evaluation.statistics.kinds import CONFUSION, ROWS
from tests.unit.evaluation.worlds import FIRST, NOW, input_for, rows_of_day, write

WINDOW: dict[str, Any] = {"window": {"start": "2013-02-04", "end": "2013-02-18"}}
DRIFT: dict[str, Any] = {
    "features": {"method": "psi", "max": 0.2},
    "prediction": {"method": "js", "max": 0.1},
    "target": {"method": "chi2", "alpha": 0.01},
}


def asked(folder: Path, reference: dict[str, Any] | None = None, **more: Any) -> EvaluationInput:
    return input_for(folder, reference=reference or WINDOW, **({"drift": DRIFT} | more))


def days(folder: Path, number: int = 21) -> None:
    for k in range(number):
        day = FIRST + timedelta(days=k)
        carriers = np.random.default_rng(k).choice(["UA", "AA", "B6"], 60, p=[0.6, 0.3, 0.1])
        write(folder, day, rows_of_day(day) | {"carrier": list(carriers)})


def profile(given: EvaluationInput, **more: Any) -> tuple[Profile, list[str]]:
    said: list[str] = []
    reference = given.data.reference
    assert reference is not None
    planned = plan(source_of(given.data, given.windows, {}), NOW)
    found = profile_of(
        given,
        reference,
        planned,
        champion_of(given, {}, Sample(planned, given.window.start, given.window.end)),
        environ={},
        now=NOW,
        progress=said.append,
        **more,
    )
    return found, said


def test_a_window_of_the_source_is_counted_whole_by_day(tmp_path: Path) -> None:
    days(tmp_path)
    found, _ = profile(asked(tmp_path))
    assert (found.rows, found.blocks, found.by_day, found.days) == (14 * 60, 14, True, 14)
    assert found.features == ("x", "y", "said", "carrier")
    assert {PREDICTION, TARGET} <= found.layouts.keys()
    x = np.concatenate([rows_of_day(FIRST + timedelta(days=k))["x"] for k in range(14)])
    assert (found.layouts["x"].least, found.layouts["x"].most) == (x.min(), x.max())
    assert found.counts["x"].deviation == pytest.approx(x.std())
    assert found.counts["x"].present.tolist() == [60] * 14
    assert found.layouts["carrier"].categories == ("UA", "AA", "B6")


def test_a_folder_of_its_own_is_read_whole(tmp_path: Path) -> None:
    days(tmp_path / "current")
    days(tmp_path / "training", 10)
    files = {"files": {"uri": str(tmp_path / "training"), "partitioning": "Hive"}}
    found, _ = profile(asked(tmp_path / "current", files))
    assert (found.rows, found.blocks) == (600, 10)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        pytest.param({"include": ["y", "x"]}, ("y", "x"), id="only those that are named"),
        pytest.param({"exclude": ["said", "gone"]}, ("x", "y", "carrier"), id="all but those that are named"),
    ],
)
def test_features_are(tmp_path: Path, features: dict[str, Any], expected: tuple[str, ...]) -> None:
    days(tmp_path)
    found, _ = profile(asked(tmp_path, columns={"features": features}))
    assert found.features == expected


def test_a_feature_that_the_reference_has_not_is_an_error_that_names_it(tmp_path: Path) -> None:
    days(tmp_path)
    with pytest.raises(DataError, match=r'features.include: column "distance" is not in the reference \(it has: at'):
        profile(asked(tmp_path, columns={"features": {"include": ["distance"]}}))


def test_a_reference_without_a_row_is_an_error(tmp_path: Path) -> None:
    days(tmp_path)
    with pytest.raises(DataError, match=r"data\.reference: there is not one row of it"):
        profile(asked(tmp_path, {"window": {"start": "2012-01-01", "end": "2012-02-01"}}))


def test_labels_and_predictions_of_the_reference_are_there_by_segment(tmp_path: Path) -> None:
    days(tmp_path)
    found, _ = profile(asked(tmp_path), kinds=[CONFUSION], segments=["carrier"])
    whole = found.tally()
    assert whole is not None
    assert whole[ROWS].counts.sum() == 840
    assert found.segments().groups[1:] == tuple(Group("carrier", one) for one in ("UA", "AA", "B6"))
    parts = [part[CONFUSION].counts for group in found.segments().groups[1:] if (part := found.tally(group))]
    assert np.sum(parts, axis=0).tolist() == whole[CONFUSION].counts.tolist()
    assert found.tally(Group("carrier", "ZZ")) is None
    assert found.calibration is not None
    assert found.calibration.sum() == 840


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    days(tmp_path)
    found, _ = profile(asked(tmp_path), kinds=[CONFUSION], segments=["carrier"])
    again = decode(encode(found), [CONFUSION])
    assert (again.schema, again.rows, again.blocks, again.days, again.values) == (
        dict(found.schema),
        found.rows,
        found.blocks,
        found.days,
        found.values,
    )
    for name, layout in found.layouts.items():
        other = again.layouts[name]
        assert replace(other, edges=layout.edges, groups=layout.groups) == layout
        np.testing.assert_array_equal(other.edges, layout.edges)
        np.testing.assert_array_equal(other.groups, layout.groups)
        for key, array in found.counts[name].arrays().items():
            np.testing.assert_array_equal(again.counts[name].arrays()[key], array)
    for group in found.segments().groups:
        one, other_tally = found.tally(group), again.tally(group)
        assert one is not None
        assert other_tally is not None
        np.testing.assert_array_equal(one[CONFUSION].counts, other_tally[CONFUSION].counts)


def test_a_profile_is_the_same_bytes_however_often_it_is_built(tmp_path: Path) -> None:
    """Two evaluations that write it at once write the same."""
    days(tmp_path)
    first, second = (encode(profile(asked(tmp_path))[0]) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"PK\x03\x04 cut", id="a cut file"),
        pytest.param(b"\x80\x04\x95", id="a pickle"),
    ],
)
def test_bytes_that_are_no_profile_are_told_from_one(content: bytes) -> None:
    with pytest.raises(ProfileUnreadableError):
        decode(content, [])


def test_a_second_evaluation_finds_the_profile_and_reads_no_row(tmp_path: Path) -> None:
    days(tmp_path / "data")
    given = asked(tmp_path / "data", reports={"uri": str(tmp_path / "reports")})
    first, said = profile(given)
    assert any("profile is kept as" in line for line in said)
    second, said = profile(given)
    assert any("840 rows need not be read" in line for line in said)
    assert encode(first) == encode(second)


def changed_file(tmp_path: Path, given: EvaluationInput) -> EvaluationInput:
    write(tmp_path / "data", FIRST, rows_of_day(FIRST, seed=1) | {"carrier": ["UA"] * 60})
    return given


def other_threshold(tmp_path: Path, given: EvaluationInput) -> EvaluationInput:
    return given.model_copy(update={"model": given.model.model_copy(update={"threshold": 0.4})})


def damaged_profile(tmp_path: Path, given: EvaluationInput) -> EvaluationInput:
    (kept,) = (tmp_path / "reports" / "profiles").iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    return given


@pytest.mark.parametrize("change", [changed_file, other_threshold, damaged_profile])
def test_the_reference_is_read_again_when(tmp_path: Path, change: Any) -> None:
    days(tmp_path / "data")
    given = asked(tmp_path / "data", reports={"uri": str(tmp_path / "reports")})
    profile(given)
    _, said = profile(change(tmp_path, given))
    assert any("840 rows of the reference read" in line for line in said)
    assert any("is of no use" in line for line in said) == (change is damaged_profile)


def test_a_file_outside_of_the_references_days_changes_nothing(tmp_path: Path) -> None:
    days(tmp_path / "data")
    given = asked(tmp_path / "data", reports={"uri": str(tmp_path / "reports")})
    profile(given)
    days(tmp_path / "data", 0)
    write(tmp_path / "data", FIRST + timedelta(days=40), rows_of_day(FIRST + timedelta(days=40)))
    _, said = profile(given)
    assert any("need not be read" in line for line in said)


def test_a_store_that_cannot_be_written_is_told_and_no_error(tmp_path: Path) -> None:
    days(tmp_path / "data")
    (tmp_path / "reports").write_text("a file where a folder should be")
    found, said = profile(asked(tmp_path / "data", reports={"uri": str(tmp_path / "reports")}))
    assert found.rows == 840
    assert any("could not be kept" in line for line in said)


def test_years_are_kept_in_few_blocks() -> None:
    starts = tuple(NOW + timedelta(days=k) for k in range(1000))
    together = coarse(Blocks(starts, by_day=True))
    assert len(together) <= MOST_BLOCKS
    assert together.starts[0] == starts[0]
    assert len(coarse(Blocks(starts[:64], by_day=True))) == 64
