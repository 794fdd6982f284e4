"""What a backtest tells of pasts of which it is known what happened in them."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelmonitor.api.result import Verdict
from modelmonitor.api.training import TrainingSpec
from modelmonitor.backtest.trainers import TrainingFailedError
from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.contenders import UNKNOWN_MODEL
from modelmonitor.evaluation.errors import DataError, InputError
from tests.unit.backtest.pasts import Makes, Refits, happened, lived, rows_of, verdicts, week, write_weeks
from tests.unit.evaluation import models
from tests.unit.evaluation.endpoint.served import Served
from tests.unit.evaluation.endpoint.stand_in import serving
from tests.unit.evaluation.worlds import FIRST, NEW_YORK, rows_of_day, write

ONE: dict[str, Any] = {"verdict": {"failuresToTrip": 1}}
LOGGED: dict[str, Any] = {"predictions": {"column": {}}}


def test_a_model_that_rots_is_detected_replaced_and_verified(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 10, turned=range(5, 11))
    story = lived(tmp_path, Refits(tmp_path / "data"), drift_at=week(5))
    assert verdicts(story) == "PPPPPFFFPP"
    assert happened(story) == [(6, "Tripped"), (6, "Trained"), (7, "Promoted"), (8, "Verified")]
    assert [told.model for told in story.windows] == [0] * 8 + [1] * 2
    assert [told.failing for told in story.windows] == [0, 0, 0, 0, 0, 1, 2, 3, 0, 0]
    assert (story.counts.trips, story.counts.trainings, story.counts.promotions, story.counts.rollbacks) == (1, 1, 1, 0)
    assert story.detection is not None
    assert (story.detection.windows, story.detection.false_trips) == (2, 0)
    # The first row after the second failing window closes it: at midnight.
    assert story.detection.delay == midnight(week(7), NEW_YORK) - midnight(week(5), NEW_YORK)


def test_the_trainer_gets_what_lies_before_the_window_of_the_comparison(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 9, turned=range(5, 10))
    trainer = Refits(tmp_path / "data")
    lived(tmp_path, trainer)
    (asked,) = trainer.asked
    begin = datetime.fromisoformat(asked["MODELMONITOR_TRAIN_START"])
    end = datetime.fromisoformat(asked["MODELMONITOR_TRAIN_END"])
    assert (begin, end) == (midnight(week(7), NEW_YORK) - timedelta(days=14), midnight(week(7), NEW_YORK))
    assert asked["MODELMONITOR_CHAMPION_URI"] == str(tmp_path / "champion")
    spec = TrainingSpec.model_validate_json(asked["MODELMONITOR_SPEC"])
    assert spec.data.current.files is not None
    assert spec.data.current.files.uri == str(tmp_path / "data"), "a Job is told the monitor's spec as well"


def test_nothing_trips_when_nothing_changes(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 12)
    story = lived(tmp_path, Refits(tmp_path / "data"), drift_at=week(5), **ONE)
    assert (verdicts(story), happened(story)) == ("P" * 12, [])
    assert story.detection is not None
    assert (story.detection.tripped_at, story.detection.false_trips) == (None, 0)


def test_without_training_each_new_failure_trips_and_the_champion_stays(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 9, turned=range(3, 10))
    story = lived(tmp_path, **ONE)
    assert verdicts(story) == "PPP" + "F" * 6
    assert happened(story) == [(number, "Tripped") for number in range(3, 9)]
    assert {told.model for told in story.windows} == {0}
    assert (story.trainer, story.counts.trainings) == (None, 0)


def test_a_manifest_without_retrain_has_its_trips_counted(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 5, turned=range(3, 6))
    story = lived(tmp_path, retrain=None)
    assert story.counts.trips == 1
    assert any("no retrain" in remark for remark in story.remarks)


def test_a_trip_before_the_change_is_a_false_one(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 8, turned=[1, 5, 6, 7, 8])
    story = lived(tmp_path, drift_at=week(5), **ONE)
    assert story.detection is not None
    assert (story.detection.false_trips, story.detection.windows) == (1, 1)
    assert story.detection.tripped_at == midnight(week(6), NEW_YORK)


def test_a_candidate_that_is_no_better_is_refused(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 6, turned=range(3, 7))
    story = lived(tmp_path, Makes(models.good), **ONE)
    assert happened(story)[:3] == [(3, "Tripped"), (3, "Trained"), (4, "NotBetter")]
    assert story.counts.promotions == 0
    assert {told.model for told in story.windows} == {0}
    compared = next(event.comparison for event in story.events if event.what == "NotBetter")
    assert compared is not None
    assert compared.difference == 0


def test_a_candidate_that_does_not_load_is_given_up_after_some_tries(tmp_path: Path) -> None:
    def broken(folder: Path) -> str:
        folder.mkdir(parents=True)
        (folder / "model.joblib").write_bytes(b"no model")
        return str(folder)

    write_weeks(tmp_path / "data", 6, turned=range(3, 7))
    story = lived(tmp_path, Makes(broken), **ONE)
    assert happened(story)[:3] == [(3, "Tripped"), (3, "Trained"), (4, "NoEvidence")]
    assert verdicts(story) == "PPPFFF"


def test_a_training_that_fails_is_told_and_tried_again_after_the_cooldown(tmp_path: Path) -> None:
    class Fails:
        name = "fails"

        def train(self, environment: Mapping[str, str]) -> str:
            raise TrainingFailedError("OutOfLuck", "there was none")

    write_weeks(tmp_path / "data", 5, turned=range(3, 6))
    story = lived(tmp_path, Fails(), verdict={"failuresToTrip": 1}, retrain={"cooldown": "1d", "maxAttempts": 2})
    assert happened(story) == [(3, "Tripped"), (3, "TrainingFailed"), (3, "Tripped"), (3, "TrainingFailed")]
    failed = [event for event in story.events if event.what == "TrainingFailed"]
    assert "OutOfLuck: there was none" in failed[0].message
    assert failed[1].time == failed[0].time + timedelta(days=1)


def test_a_model_that_fails_where_the_one_before_is_better_is_rolled_back(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 7, turned=[3, 4])
    story = lived(tmp_path, Refits(tmp_path / "data"), verdict={"failuresToTrip": 1}, retrain={"trainingWindow": "7d"})
    assert happened(story) == [(3, "Tripped"), (3, "Trained"), (4, "Promoted"), (5, "RolledBack")]
    assert [told.model for told in story.windows] == [0, 0, 0, 0, 0, 1, 0]
    assert verdicts(story) == "PPPFFFP"
    assert story.counts.rollbacks == 1


def test_logged_scores_are_the_first_models_and_a_promoted_one_is_loaded(tmp_path: Path) -> None:
    """The scores in the files are bad from week 3 on whoever serves: only loading can show that a new one is good."""
    write_weeks(tmp_path / "data", 8, turned=range(3, 9))
    story = lived(tmp_path, Refits(tmp_path / "data"), data=LOGGED, **ONE)
    promoted = next(number for number, what in happened(story) if what == "Promoted")
    served = [told for told in story.windows if told.model > 0]
    assert [told.window.index for told in served] == list(range(promoted + 1, 8))
    assert {told.verdict for told in served} == {Verdict.PASS}
    assert any("loaded and scores the rows" in remark for remark in story.remarks)


def test_an_endpoint_is_the_first_models_and_a_promoted_one_is_loaded(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 8, turned=range(3, 9))
    first = models.good(tmp_path / "champion")
    estimator = joblib.load(Path(first, "model.joblib"))
    with serving({"clicks": Served(estimator, ("x", "y"))}) as server:
        asked = {"endpoint": {"url": server.url, "model": "clicks"}}
        columns = {"timestamp": "at", "label": "label", "features": {"include": ["x", "y"]}}
        data = {"predictions": asked, "columns": columns}
        story = lived(tmp_path, Refits(tmp_path / "data"), champion=first, data=data, **ONE)
        assert server.asked
    promoted = next(number for number, what in happened(story) if what == "Promoted")
    assert {told.verdict for told in story.windows if told.window.index > promoted} == {Verdict.PASS}
    assert any("is served nowhere: it is loaded" in remark for remark in story.remarks)


def test_versions_tell_the_first_models_rows_from_those_of_others(tmp_path: Path) -> None:
    for number in range(7 * 4 + 1):
        day = FIRST + number * timedelta(days=1)
        own, other = rows_of(day, turned=False), rows_of(day, turned=True)
        write(tmp_path / "data", day, own | {"model": ["champion"] * len(own["x"])})
        write(tmp_path / "data", day, other | {"model": ["2"] * len(other["x"])}, "other.parquet")
    columns = {"timestamp": "at", "label": "label", "score": "score", "modelVersion": "model"}
    story = lived(tmp_path, champion="s3://models/champion", data=LOGGED | {"columns": columns})
    assert verdicts(story) == "PPPP"
    assert not any("of one model throughout" in remark for remark in story.remarks)


def test_logged_scores_need_no_model_where_nothing_is_trained(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 5, turned=range(3, 6))
    story = lived(tmp_path, champion=UNKNOWN_MODEL, data=LOGGED)
    assert verdicts(story) == "PPPFF"


def test_labels_that_come_late_are_waited_for_while_the_data_are_looked_at(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 6, turned=range(4, 7))
    reference = {"reference": {"window": {"start": "2013-02-04", "end": "2013-02-18"}}}
    story = lived(
        tmp_path,
        first=week(2),
        data={"labels": {"delay": "2d"}, **reference},
        drift={"target": {"method": "chi2", "alpha": 0.01}, "features": {"method": "psi", "max": 0.2}},
    )
    # The last week is closed, but two days later there is no row that would say that its labels are there.
    assert [told.window.index for told in story.windows] == [2, 3, 4]
    assert {told.time - told.window.end for told in story.windows} == {timedelta(days=2)}
    assert all(told.data is not None for told in story.windows)


def test_drift_that_trips_does_so_at_the_windows_end_before_its_labels_are_there(tmp_path: Path) -> None:
    for number in range(7 * 6 + 5):
        day = FIRST + timedelta(days=number)
        write(tmp_path / "data", day, rows_of_day(day, 100) | {"y": rows_of_day(day, 100)["y"] + 3 * (number >= 28)})
    story = lived(
        tmp_path,
        first=week(2),
        data={
            "labels": {"delay": "4d"},
            "reference": {"window": {"start": "2013-02-04", "end": "2013-02-18"}},
        },
        drift={"features": {"method": "psi", "max": 0.2, "severity": "Trip"}},
        **ONE,
    )
    trip = next(event for event in story.events if event.what == "Tripped")
    assert trip.time == midnight(week(5), NEW_YORK)
    assert [told.verdict for told in story.windows] == [Verdict.PASS] * 4


def test_a_window_of_which_too_few_rows_ever_get_a_label_is_insufficient_and_the_next_one_judged(
    tmp_path: Path,
) -> None:
    write_weeks(tmp_path / "data", 4)
    for number in range(7, 14):
        day = FIRST + timedelta(days=number)
        rows = rows_of(day, turned=False)
        write(tmp_path / "data", day, rows | {"label": np.where(np.arange(120) < 30, rows["label"], np.nan)})
    story = lived(tmp_path)
    assert verdicts(story) == "PIPP"
    # A window is looked at again until labels are missing for good, a day after its end.
    assert story.windows[1].time >= story.windows[1].window.end + timedelta(days=1)


def test_a_label_that_became_known_later_is_not_known_yet(tmp_path: Path) -> None:
    """All labels are in the files by now; those of the second week came three weeks late."""
    write_weeks(tmp_path / "data", 4)
    labels: list[pa.Table] = []
    for number in range(29):
        day = FIRST + timedelta(days=number)
        rows = rows_of(day, turned=False)
        ids = [f"{day}-{one}" for one in range(len(rows["label"]))]
        late = timedelta(days=21 if 7 <= number < 14 else 1)
        labels.append(pa.table({"id": ids, "label": rows.pop("label"), "known": rows["at"] + np.timedelta64(late)}))
        write(tmp_path / "data", day, rows | {"id": ids})
    (tmp_path / "labels").mkdir()
    pq.write_table(pa.concat_tables(labels), tmp_path / "labels" / "all.parquet")
    files = {"uri": str(tmp_path / "labels")}
    story = lived(tmp_path, data={"labels": {"files": files, "join": ["id"], "timestamp": "known", "delay": "1d"}})
    assert verdicts(story) == "PIP"
    assert story.windows[1].coverage == 0


def test_a_week_without_a_row_has_no_verdict_on_the_model(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 5)
    for number in range(14, 21):
        (tmp_path / "data" / f"date={FIRST + timedelta(days=number)}" / "part.parquet").unlink()
    story = lived(tmp_path)
    assert [told.verdict for told in story.windows][2:4] == [Verdict.NO_DATA, Verdict.PASS]
    # Nothing says that the week before has ended until rows come again, when this one has ended too.
    assert story.windows[1].time == story.windows[2].time == midnight(week(3), NEW_YORK)


def test_windows_that_overlap_are_told_and_count_only_where_they_share_no_row(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 6, turned=range(3, 7))
    story = lived(tmp_path, windows={"length": "14d", "every": "7d"}, verdict={"failuresToTrip": 1})
    assert [str(told.counting) for told in story.windows] == ["Counted", "Overlapping"] * 2 + ["Counted"]


def test_what_cannot_be_measured_ends_the_story_there(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 6)
    day = week(3)
    rows = rows_of(day, turned=False)
    del rows["x"]
    write(tmp_path / "data", day, rows)
    story = lived(tmp_path)
    assert verdicts(story) == "PPP"
    assert story.stopped is not None
    assert (story.stopped.window.index, story.stopped.reason) == (3, "ColumnMissing")
    assert f"date={day}" in story.stopped.message


def test_where_not_even_the_first_window_can_be_measured_that_is_the_error(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 3)
    with pytest.raises(DataError, match='column "truth" is not in'):
        lived(tmp_path, data={"columns": {"timestamp": "at", "label": "truth"}})


@pytest.mark.parametrize(
    ("asked", "changes", "problem"),
    [
        pytest.param(
            {"first": week(1)},
            {"data": {"reference": {"window": {"start": "2013-02-11", "end": "2013-02-25"}}}},
            r"data.reference.window ends on 2013-02-25, after the first window .*--from",
            id="a reference that lies in the future",
        ),
        pytest.param(
            {"first": week(9)}, {}, "begins on 2013-04-08 or later is closed", id="days from which there is nothing"
        ),
        pytest.param({"last": date(2013, 2, 6)}, {}, "a shorter windows.length", id="days that hold no window"),
    ],
)
def test_what_has_no_story_says_so(
    tmp_path: Path, asked: dict[str, Any], changes: dict[str, Any], problem: str
) -> None:
    write_weeks(tmp_path / "data", 4)
    with pytest.raises(InputError, match=problem):
        lived(tmp_path, **asked, **changes)


def test_no_data_at_all_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(DataError, match="holds no rows yet"):
        lived(tmp_path)


def test_from_and_to_choose_the_windows(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 8)
    story = lived(tmp_path, first=week(2), last=week(5))
    assert [told.window.index for told in story.windows] == [2, 3, 4]


def test_with_a_reference_of_days_the_story_begins_after_them(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 5)
    story = lived(tmp_path, data={"reference": {"window": {"start": "2013-02-04", "end": "2013-02-20"}}})
    assert story.start == midnight(week(3), NEW_YORK)


def test_a_flat_folder_is_read_as_one_of_days_is(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 8, turned=range(3, 9))
    told = lived(tmp_path, Refits(tmp_path / "data"), **ONE)
    files = sorted((tmp_path / "data").glob("*/*.parquet"))
    table = pa.concat_tables(pq.read_table(path, partitioning=None) for path in files)
    (tmp_path / "flat" / "data").mkdir(parents=True)
    pq.write_table(table, tmp_path / "flat" / "data" / "all.parquet", row_group_size=2500)
    flat = {"current": {"files": {"uri": "", "partitioning": "Flat"}}}
    again = lived(tmp_path / "flat", Refits(tmp_path / "flat" / "data"), data=flat, **ONE)
    assert happened(again) == happened(told)
    assert [one.metrics for one in again.windows] == [one.metrics for one in told.windows]


def test_rows_that_had_not_arrived_yet_are_not_taken_for_those_of_a_wrong_clock(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in range(29):
        rows = rows_of(FIRST + timedelta(days=number), turned=False)
        pq.write_table(pa.table(rows), tmp_path / "data" / f"{number:02}.parquet")
    flat = {"current": {"files": {"uri": "", "partitioning": "Flat"}}}
    ignored = {"unseenCategories": "Ignore", "outOfRange": "Ignore", "changedSchema": "Ignore"}
    story = lived(tmp_path, data=flat, quality={"missing": {"max": 0.05}, **ignored})
    assert [told.data.verdict for told in story.windows if told.data is not None] == [Verdict.PASS] * 4


def test_it_is_time_for_a_new_model_also_where_nothing_fails(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 9)
    story = lived(tmp_path, Makes(models.blind), retrain={"every": "21d"})
    assert (2, "Due") in happened(story)
    assert story.counts.trips == 0


def test_who_must_be_asked_is_taken_to_say_yes(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 8, turned=range(3, 9))
    story = lived(tmp_path, Refits(tmp_path / "data"), rollout={"approval": "Manual"}, **ONE)
    assert story.counts.promotions == 1
    assert any("approved at once" in remark for remark in story.remarks)


@pytest.mark.parametrize(
    ("serving", "rollout"),
    [
        pytest.param({"seldonModel": {"name": "clicks"}}, None, id="Seldon Core 2"),
        pytest.param({"batch": {"uri": "models/1"}}, None, id="a ConfigMap for batch jobs"),
        pytest.param({"seldonModel": {"name": "clicks"}}, {"mode": "Observe"}, id="a person who takes the advice"),
    ],
)
def test_whatever_serves_is_moved(tmp_path: Path, serving: dict[str, Any], rollout: dict[str, Any] | None) -> None:
    write_weeks(tmp_path / "data", 8, turned=range(3, 9))
    story = lived(tmp_path, Refits(tmp_path / "data"), model={"serving": serving}, rollout=rollout, **ONE)
    assert story.counts.promotions == 1
    assert story.windows[-1].model > 0
    assert bool(rollout) == any("as if by a person" in remark for remark in story.remarks)


def test_a_suspended_monitor_is_run_through_the_past_all_the_same(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 3)
    assert verdicts(lived(tmp_path, suspend=True)) == "PPP"


def test_an_objective_in_a_dry_run_is_told_and_trains_nothing(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 5, turned=range(3, 6))
    metrics = [{"name": "f1", "min": 0.5, "severity": "DryRun"}, {"name": "accuracy", "min": 0.001}]
    story = lived(tmp_path, Refits(tmp_path / "data"), metrics=metrics, **ONE)
    assert (3, "WouldTrip") in happened(story)
    assert story.counts.trips == 0


def test_nothing_is_written_where_the_manifest_says(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 6, turned=range(3, 7))
    lived(
        tmp_path,
        Refits(tmp_path / "data"),
        retrain={"outputUri": str(tmp_path / "models")},
        reports={"uri": str(tmp_path / "reports")},
        **ONE,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["champion", "data", "scratch"]


def test_a_story_is_json(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 8, turned=range(3, 9))
    story = lived(tmp_path, Refits(tmp_path / "data"), drift_at=week(3), **ONE)
    again = type(story).model_validate(json.loads(json.dumps(story.document())))
    assert again == story


def test_later_than_now_is_not_the_past(tmp_path: Path) -> None:
    write_weeks(tmp_path / "data", 3)
    wrong = date(2014, 6, 1)
    write(tmp_path / "data", wrong, rows_of_day(wrong))
    story = lived(tmp_path)
    assert verdicts(story) == "PPP"
    assert story.data_through < datetime(2014, 1, 1, tzinfo=UTC)
