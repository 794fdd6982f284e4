"""A window is judged on all rows and on the reference's segments, and knows from it how days go together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelmonitor.api.job import Contender
from modelmonitor.api.monitor import DAY
from modelmonitor.api.result import Comparison, EvaluationResult, GuardVerdict, MetricResult, Verdict
from modelmonitor.domain.levels import per_test, window_level
from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.evaluate import evaluate
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import FIRST, LOADED, NOW, input_for, rows_of_day, write

REFERENCE = {"window": {"start": str(FIRST), "end": str(FIRST + 28 * DAY)}}
SEGMENTS = ("AA", "B6", "UA")


def world(folder: Path, *, bad: str | None = None, new: bool = False, days: int = 36) -> None:
    """Days of three segments; from the 28th day on the scores of one of them know nothing, and a fourth one appears."""
    for number in range(days):
        day = FIRST + number * DAY
        rows = rows_of_day(day, 300)
        random = np.random.default_rng((3, number))
        carrier = random.choice(SEGMENTS, 300)
        later = number >= 28
        if later and bad is not None:
            broken = carrier == bad
            rows["score"] = np.where(broken, 1 - rows["score"], rows["score"])
        if later and new:
            carrier = np.where(random.random(300) < 0.3, "ZZ", carrier)
        write(folder, day, rows | {"carrier": carrier})


def run(folder: Path, **metric: Any) -> EvaluationResult:
    asked = {"name": "accuracy", "min": 0.6, "segments": ["carrier"]} | metric
    given = input_for(folder, index=4, metrics=[asked], reference=REFERENCE)
    return evaluate(given, environ={}, now=NOW, progress=lambda _: None)


def by_name(result: EvaluationResult) -> dict[str, MetricResult]:
    return {metric.name: metric for metric in result.metrics}


def test_each_segment_of_the_reference_is_judged_beside_all_rows(tmp_path: Path) -> None:
    world(tmp_path)
    found = by_name(run(tmp_path))
    assert next(iter(found)) == "accuracy"
    assert found.keys() == {"accuracy", *(f"accuracy{{carrier={name}}}" for name in SEGMENTS)}
    assert {metric.verdict for metric in found.values()} == {Verdict.PASS}
    assert sum(found[f"accuracy{{carrier={name}}}"].rows for name in SEGMENTS) == found["accuracy"].rows == 2100


def test_a_model_that_is_bad_for_one_segment_fails_though_all_rows_together_pass(tmp_path: Path) -> None:
    world(tmp_path, bad="UA")
    result = run(tmp_path, min=0.5)
    found = by_name(result)
    assert found["accuracy"].verdict is Verdict.PASS
    assert found["accuracy{carrier=UA}"].verdict is Verdict.FAIL
    assert result.verdict is Verdict.FAIL
    assert result.message.startswith("accuracy{carrier=UA} is 0.")


def test_a_segment_that_the_reference_does_not_have_is_no_test(tmp_path: Path) -> None:
    world(tmp_path, new=True)
    found = by_name(run(tmp_path))
    assert next(iter(found)) == "accuracy"
    assert found.keys() == {"accuracy", *(f"accuracy{{carrier={name}}}" for name in SEGMENTS)}
    assert found["accuracy"].rows == 2100


def test_a_segment_with_too_few_rows_is_listed_and_decides_nothing(tmp_path: Path) -> None:
    world(tmp_path)
    result = run(tmp_path, minimumRows=1000)
    found = by_name(result)
    assert (result.verdict, found["accuracy"].verdict) == (Verdict.PASS, Verdict.PASS)
    assert {found[f"accuracy{{carrier={name}}}"].reason for name in SEGMENTS} == {"TooFewRows"}


def test_the_level_is_shared_by_the_segments_of_the_reference_whatever_the_window_holds(tmp_path: Path) -> None:
    world(tmp_path, new=True)
    given = input_for(tmp_path)
    level = window_level(given.verdict, given.windows)
    assert run(tmp_path).metrics[0].level == pytest.approx(1 - per_test(level, 1 + len(SEGMENTS)))
    assert run(tmp_path, segments=[]).metrics[0].level == pytest.approx(1 - level)


def test_a_rule_is_judged_by_segment_too(tmp_path: Path) -> None:
    world(tmp_path)
    rule = {"name": "likely", "expression": "carrier <> 'UA' OR x > 0", "min": 0.4, "segments": ["carrier"]}
    given = input_for(tmp_path, index=4, reference=REFERENCE, rules=[rule])
    found = by_name(evaluate(given, environ={}, now=NOW, progress=lambda _: None))
    assert found["rule.likely{carrier=AA}"].value == 1
    assert found["rule.likely{carrier=UA}"].value == pytest.approx(0.5, abs=0.1)


def test_a_reference_in_which_bad_days_come_in_rows_makes_a_short_windows_interval_wider(tmp_path: Path) -> None:
    """Seven days cannot show it by themselves."""
    widths = {}
    for name, lasting in (("one by one", 1), ("in rows", 7)):
        folder = tmp_path / name
        for number in range(36):
            day = FIRST + number * DAY
            bad = (number // lasting) % 2 == 1 and number < 28
            write(folder, day, rows_of_day(day, 300, skill=-0.2 if bad else 1.0))
        given = input_for(folder, index=4, metrics=[{"name": "accuracy", "min": 0.6}], reference=REFERENCE)
        (found,) = evaluate(given, environ={}, now=NOW, progress=lambda _: None).metrics
        assert found.high is not None
        assert found.low is not None
        widths[name] = found.high - found.low
    assert widths["in rows"] > 1.5 * widths["one by one"]


def test_two_models_are_compared_on_the_segments_of_the_reference_too(tmp_path: Path) -> None:
    world(tmp_path / "data")
    old, new = (models.good(tmp_path / name) for name in ("old", "new"))
    guard = {"metric": "accuracy", "margin": 0.05, "segments": ["carrier"]}
    given = input_for(
        tmp_path / "data",
        index=4,
        reference=REFERENCE,
        champion=old,
        contender=Contender(uri=new),
        predictions=LOADED,
        challenger={"metric": "recall", "guards": [guard]},
    )

    result = evaluate(given, environ={}, now=NOW, progress=lambda _: None)

    assert result.comparison is not None
    found = {one.metric: one.guard for one in result.comparison.others}
    assert found == {
        "accuracy": GuardVerdict.KEPT,
        **{f"accuracy{{carrier={name}}}": GuardVerdict.KEPT for name in SEGMENTS},
        **{name: found[name] for name in found if found[name] is None},
    }
    assert result.comparison.verdict is Comparison.NOT_BETTER, "it is the same model"


def test_a_reference_that_is_gone_is_no_reason_to_overlook_a_segment(tmp_path: Path) -> None:
    world(tmp_path / "data")
    model = models.good(tmp_path / "model")
    guard = {"metric": "accuracy", "margin": 0.05, "segments": ["carrier"]}
    given = input_for(
        tmp_path / "data",
        index=4,
        reference={"files": {"uri": str(tmp_path / "gone")}},
        champion=model,
        contender=Contender(uri=model),
        predictions=LOADED,
        challenger={"metric": "recall", "guards": [guard]},
    )
    with pytest.raises(EvaluationError, match="gone"):
        evaluate(given, environ={}, now=NOW, progress=lambda _: None)
