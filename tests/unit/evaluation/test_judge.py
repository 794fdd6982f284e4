import numpy as np
import pytest

from modelmonitor.api.monitor import ModelSpec
from modelmonitor.api.objectives import Metric
from modelmonitor.api.result import MetricResult, Verdict
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.judge import judge_objective, judge_window
from modelmonitor.evaluation.metrics import measure_of
from modelmonitor.evaluation.statistics.kinds import CONFUSION
from tests.unit.evaluation.tallies import of_confusion, of_histogram

ALPHA = 0.05
MODEL = ModelSpec.model_validate({"serving": {"seldonDeployment": {"name": "clicks", "node": "classifier"}}})


def judge_metric(metric: Metric, tally: Tally, alpha: float, *, by_day: bool) -> MetricResult:
    return judge_objective(metric, measure_of(metric, MODEL), tally, alpha, by_day=by_day)


def recall_counts(found: int, rows: int = 100, days: int = 10, negatives: int = 100) -> Tally:
    """Days that are all alike: `found` of `rows` positive rows are found, on each day."""
    return of_confusion(np.tile([[[negatives, 0], [rows - found, found]]], (days, 1, 1)))


def recall(**objective: object) -> Metric:
    return Metric.model_validate({"name": "recall"} | objective)


@pytest.mark.parametrize(
    ("metric", "found", "verdict"),
    [
        pytest.param(recall(min=0.5), 60, Verdict.PASS, id="above the least value"),
        pytest.param(recall(min=0.5), 50, Verdict.PASS, id="exactly at it"),
        pytest.param(recall(min=0.5), 49, Verdict.WARN, id="below, but chance explains it"),
        pytest.param(recall(min=0.5), 40, Verdict.FAIL, id="below, and chance does not explain it"),
        pytest.param(recall(min=0.5, severity="Warn"), 40, Verdict.WARN, id="severity Warn never fails"),
        pytest.param(recall(min=0.5, severity="DryRun"), 40, Verdict.FAIL, id="a dry run is judged like the others"),
        pytest.param(recall(max=0.5), 40, Verdict.PASS, id="below the greatest value"),
        pytest.param(recall(max=0.5), 51, Verdict.WARN, id="above it, maybe by chance"),
        pytest.param(recall(max=0.5), 60, Verdict.FAIL, id="above it, beyond chance"),
        pytest.param(recall(min=0.4, max=0.6), 50, Verdict.PASS, id="between the two"),
        pytest.param(recall(min=0.5), 0, Verdict.FAIL, id="a model that never says yes"),
        pytest.param(recall(min=0.5), 100, Verdict.PASS, id="a model that finds all"),
    ],
)
def test_an_objective_is_judged(metric: Metric, found: int, verdict: Verdict) -> None:
    result = judge_metric(metric, recall_counts(found), ALPHA, by_day=True)
    assert result.verdict is verdict
    assert result.value == pytest.approx(found / 100)
    assert (result.rows, result.blocks, result.level) == (1000, 10, 1 - ALPHA)
    assert result.reason is None


@pytest.mark.parametrize(
    ("metric", "counts", "reason"),
    [
        pytest.param(
            recall(min=0.5, minimumRows=100), recall_counts(0, 9), "TooFewRows", id="rows of the denominator count"
        ),
        pytest.param(recall(min=0.5), recall_counts(0, 100, days=3), "TooFewBlocks", id="three days say nothing"),
        pytest.param(Metric(name="roc_auc", min=0.5), recall_counts(0), "NoScores", id="an area without scores"),
        pytest.param(
            Metric(name="precision", min=0.5), recall_counts(0), "TooFewRows", id="nobody was called positive"
        ),
    ],
)
def test_what_cannot_be_judged_says_why(metric: Metric, counts: Tally, reason: str) -> None:
    result = judge_metric(metric, counts, ALPHA, by_day=True)
    assert (result.verdict, result.reason, result.low) == (Verdict.INSUFFICIENT, reason, None)


def test_an_area_needs_both_classes_whatever_day_is_left_out() -> None:
    histogram = np.zeros((5, 2, 1024), np.int64)
    histogram[:, 0, 100] = 100
    histogram[0, 1, 200] = 100
    result = judge_metric(Metric(name="roc_auc", min=0.5), of_histogram(histogram), ALPHA, by_day=True)
    assert (result.verdict, result.reason, result.value) == (Verdict.INSUFFICIENT, "OneClassOnly", 1.0)


def test_days_without_such_rows_are_no_blocks() -> None:
    counts = recall_counts(50)
    counts[CONFUSION].counts[4:, 1, :] = 0
    assert judge_metric(recall(min=0.5), counts, ALPHA, by_day=True).blocks == 4


def test_a_short_window_says_that_it_cannot_know_how_days_differ() -> None:
    result = judge_metric(recall(min=0.5), recall_counts(60), ALPHA, by_day=False)
    assert (result.verdict, result.reason) == (Verdict.PASS, "BetweenDayVarianceUnknown")


def test_days_that_differ_make_the_interval_wider_than_rows_alone_would() -> None:
    alike, different = recall_counts(50), recall_counts(50)
    different[CONFUSION].counts[:5, 1] = (75, 25)
    different[CONFUSION].counts[5:, 1] = (25, 75)
    one, other = (judge_metric(recall(min=0.6), counts, ALPHA, by_day=True) for counts in (alike, different))
    assert (one.verdict, other.verdict) == (Verdict.FAIL, Verdict.WARN)
    assert one.value == other.value
    assert np.isclose(one.design_effect or 0, 0)
    assert (other.design_effect or 0) > 20


F, W = "Fail", "Warn"


@pytest.mark.parametrize(
    ("objectives", "verdict", "reason"),
    [
        pytest.param([(F, Verdict.PASS), (F, Verdict.FAIL)], Verdict.FAIL, "ObjectiveMissed", id="one fails"),
        pytest.param(
            [(F, Verdict.FAIL), (F, Verdict.INSUFFICIENT)], Verdict.FAIL, "ObjectiveMissed", id="one fails, one unknown"
        ),
        pytest.param([(F, Verdict.PASS), (W, Verdict.WARN)], Verdict.WARN, "ObjectiveDoubtful", id="one is doubtful"),
        pytest.param(
            [(F, Verdict.INSUFFICIENT), (W, Verdict.PASS)],
            Verdict.INSUFFICIENT,
            "TooFewRows",
            id="none of severity Fail could be judged, though others could",
        ),
        pytest.param(
            [(F, Verdict.INSUFFICIENT), (W, Verdict.WARN)], Verdict.INSUFFICIENT, "TooFewRows", id="not even by a Warn"
        ),
        pytest.param(
            [(F, Verdict.PASS), (F, Verdict.INSUFFICIENT)],
            Verdict.PASS,
            "ObjectivesMet",
            id="those that could be judged",
        ),
        pytest.param([(W, Verdict.PASS)], Verdict.PASS, "ObjectivesMet", id="nothing but severity Warn: met"),
        pytest.param([(W, Verdict.INSUFFICIENT)], Verdict.INSUFFICIENT, "TooFewRows", id="nothing but Warn: unknown"),
    ],
)
def test_the_window_is_judged_by_its_objectives(
    objectives: list[tuple[str, Verdict]], verdict: Verdict, reason: str
) -> None:
    metrics = [recall(min=0.5, severity=severity) for severity, _ in objectives]
    results = [
        MetricResult(name="recall", verdict=one, value=0.4, low=0.3, high=0.45, min=0.5)
        if one is not Verdict.INSUFFICIENT
        else MetricResult(name="recall", verdict=one, reason="TooFewRows")
        for _, one in objectives
    ]
    judged = judge_window(metrics, results)
    assert (judged.verdict, judged.reason) == (verdict, reason)
    assert judged.message.startswith("recall ")


def test_a_dry_run_is_told_and_decides_nothing() -> None:
    dry, f1 = recall(min=0.5, severity="DryRun"), Metric(name="f1", min=0.2)
    missed = MetricResult(name="recall", verdict=Verdict.FAIL, value=0.4, low=0.3, high=0.45, min=0.5)
    in_a_segment = missed.model_copy(update={"name": "recall{carrier=UA}"})
    met = MetricResult(name="f1", verdict=Verdict.PASS, value=0.4, low=0.3, high=0.45, min=0.2)

    judged = judge_window([dry, f1], [missed, met], [in_a_segment])

    assert (judged.verdict, judged.message.partition(" ")[0]) == (Verdict.PASS, "f1")
    assert judged.metrics == (missed, met, in_a_segment)


def test_with_nothing_but_dry_runs_the_window_says_what_they_say() -> None:
    missed = MetricResult(name="recall", verdict=Verdict.FAIL, value=0.4, low=0.3, high=0.45, min=0.5)
    assert judge_window([recall(min=0.5, severity="DryRun")], [missed]).verdict is Verdict.PASS
