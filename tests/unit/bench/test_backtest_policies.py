"""The bench's own switch, and its memory: what it compares must be what it says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.backtest.memory import RememberingEvaluator, RememberingTrainer
from bench.backtest.policies import at_its_value
from modelmonitor.api.job import Contender, EvaluationInput
from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.result import Comparison, ComparisonResult, EvaluationResult, Look, MetricResult, Verdict
from tests.unit.evaluation.worlds import input_for

NOW = datetime(2013, 3, 1, tzinfo=UTC)
GIVEN = input_for("data")


def says(result: EvaluationResult) -> Any:
    return lambda given, now: result


@pytest.mark.parametrize(
    ("metric", "verdict", "expected"),
    [
        pytest.param(
            {"value": 0.19, "min": 0.2}, Verdict.WARN, Verdict.FAIL, id="a value beyond fails, however unsure"
        ),
        pytest.param({"value": 0.2, "min": 0.2}, Verdict.PASS, Verdict.PASS, id="at the objective it is met"),
        pytest.param({"value": 0.31, "max": 0.3}, Verdict.WARN, Verdict.FAIL, id="above a max"),
        pytest.param({"min": 0.2}, Verdict.INSUFFICIENT, Verdict.INSUFFICIENT, id="no value, no verdict"),
    ],
)
def test_point_values_judge_by_the_value(metric: dict[str, Any], verdict: Verdict, expected: Verdict) -> None:
    result = EvaluationResult(
        look=Look.JUDGED, verdict=verdict, metrics=(MetricResult(name="f1", verdict=verdict, **metric),)
    )
    judged = at_its_value(says(result))(GIVEN, NOW)
    assert (judged.verdict, judged.metrics[0].verdict) == (expected, expected)


@pytest.mark.parametrize(
    ("difference", "expected"),
    [(0.001, Comparison.BETTER), (0.0, Comparison.NOT_BETTER), (-0.1, Comparison.NOT_BETTER)],
)
def test_point_values_compare_by_the_difference(difference: float, expected: Comparison) -> None:
    compared = ComparisonResult(
        verdict=Comparison.NOT_BETTER, metric=MetricName.F1, difference=difference, low=difference - 0.2
    )
    result = EvaluationResult(look=Look.JUDGED, verdict=Verdict.PASS, comparison=compared)
    found = at_its_value(says(result))(GIVEN, NOW).comparison
    assert found is not None
    assert found.verdict is expected


def test_what_is_judged_is_remembered_and_what_is_looked_at_again_is_not() -> None:
    looks: list[EvaluationInput] = []

    def inner(given: EvaluationInput, now: datetime) -> EvaluationResult:
        looks.append(given)
        late = now < NOW
        return EvaluationResult(look=Look.IMMATURE if late else Look.JUDGED, verdict=None if late else Verdict.PASS)

    evaluator = RememberingEvaluator(inner)
    early, late = NOW - timedelta(days=1), NOW
    assert [evaluator(GIVEN, now).look for now in (early, late, late)] == [Look.IMMATURE, Look.JUDGED, Look.JUDGED]
    assert len(looks) == 2
    evaluator(GIVEN.model_copy(update={"contender": Contender(uri="models/2")}), late)
    evaluator(GIVEN.model_copy(update={"champion": "models/2"}), late)
    assert len(looks) == 4


def test_the_same_days_are_trained_on_once() -> None:
    class Counts:
        name = "counts"
        trained = 0

        def train(self, environment: Any) -> str:
            self.trained += 1
            return str(environment["MODELMONITOR_OUTPUT_URI"])

    trainer = RememberingTrainer(inner := Counts(), Path("models"))
    days = {"MODELMONITOR_TRAIN_START": "2013-01-01", "MODELMONITOR_OUTPUT_URI": "elsewhere"}
    said = [
        trainer.train({**days, "MODELMONITOR_TRAIN_END": end}) for end in ("2013-02-01", "2013-02-01", "2013-03-01")
    ]
    assert (said[0], inner.trained) == (said[1], 2)
    assert said[2] == "models/2013-01-01-2013-03-01"
