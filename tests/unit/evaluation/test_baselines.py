"""A metric beside what it was: the difference has both variances, and its interval is the one that is tested."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelmonitor.api.job import Contender
from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.monitor import DAY
from modelmonitor.api.objectives import Metric
from modelmonitor.api.result import Baseline, Comparison, EvaluationResult, MetricResult, Verdict
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.baselines import baseline_of, judge_baseline
from modelmonitor.evaluation.compare import Contest, compare
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.judge import sentence
from tests.unit.evaluation import models
from tests.unit.evaluation.tallies import BINARY, both, of_confusion, yardstick
from tests.unit.evaluation.worlds import FIRST, LOADED, NOW, input_for, write_days

RECALL = BINARY[MetricName.RECALL]


def metric(by: float = 0.05, **fields: Any) -> Metric:
    return Metric.model_validate({"name": "recall", "min": 0.2, "noWorseThan": {"promotion": {"by": by}}, **fields})


def at(value: float, error: float = 0.01, degrees: int = 27) -> Baseline:
    return Baseline(metric="recall", value=value, error=error, degrees=degrees)


def judged(now: float, was: float, *, error: float = 0.01, alpha: float = 0.05, **fields: Any) -> MetricResult:
    return judge_baseline(metric(**fields), RECALL, at(now, error), at(was, error), alpha)


@pytest.mark.parametrize(
    ("now", "fields", "verdict"),
    [
        pytest.param(0.80, {}, Verdict.PASS, id="as good as it was"),
        pytest.param(0.90, {}, Verdict.PASS, id="better"),
        pytest.param(0.75, {"by": 0.051}, Verdict.PASS, id="worse by less than it may be"),
        pytest.param(0.74, {}, Verdict.WARN, id="worse by more, maybe by chance"),
        pytest.param(0.60, {}, Verdict.FAIL, id="worse by far more"),
        pytest.param(0.60, {"severity": "Warn"}, Verdict.WARN, id="severity Warn"),
        pytest.param(0.60, {"severity": "DryRun"}, Verdict.FAIL, id="a dry run is judged like the others"),
        pytest.param(0.79, {"by": 0.0}, Verdict.WARN, id="no worse at all"),
    ],
)
def test_no_worse_than_it_was(now: float, fields: dict[str, Any], verdict: Verdict) -> None:
    found = judged(now, 0.80, **fields)
    assert found.verdict is verdict
    assert found.name == "recall{promotion}"
    assert found.value == pytest.approx(now - 0.80)
    assert (found.min, found.max) == (-fields.get("by", 0.05), None)


def test_it_says_how_far_below_what_it_is() -> None:
    found = judged(0.69, 0.81, error=0.01)
    assert found.detail == "0.12 below 0.81 ± 0.01 at its promotion"
    assert "(0.12 below 0.81 ± 0.01 at its promotion), and misses its objective (at least -0.05)" in sentence(found)
    assert (judged(0.9, 0.8).detail or "").startswith("0.1 above 0.8 ±")


def test_of_a_loss_more_is_worse() -> None:
    loss = Metric.model_validate({"name": "log_loss", "max": 1, "noWorseThan": {"promotion": {"by": 0.05}}})
    found = judge_baseline(loss, BINARY[MetricName.LOG_LOSS], at(0.7), at(0.5), 0.05)
    assert (found.verdict, found.min, found.max) == (Verdict.FAIL, None, 0.05)
    assert judge_baseline(loss, BINARY[MetricName.LOG_LOSS], at(0.3), at(0.5), 0.05).verdict is Verdict.PASS


def test_what_it_was_is_uncertain_too() -> None:
    sure = judge_baseline(metric(), RECALL, at(0.70), at(0.80, error=0.0), 0.05)
    unsure = judge_baseline(metric(), RECALL, at(0.70), at(0.80, error=0.05), 0.05)
    assert (sure.verdict, unsure.verdict) == (Verdict.FAIL, Verdict.WARN)


@pytest.mark.parametrize("gap", np.linspace(0, 0.2, 9))
def test_fail_is_when_the_interval_that_is_shown_lies_wholly_beyond(gap: float) -> None:
    found = judged(0.8 - gap, 0.8)
    assert found.high is not None
    assert found.min is not None
    assert (found.verdict is Verdict.FAIL) == (found.high < found.min)


def test_without_a_baseline_it_cannot_be_judged() -> None:
    found = judge_baseline(metric(), RECALL, at(0.5), None, 0.05)
    assert (found.verdict, found.reason) == (Verdict.INSUFFICIENT, "NoBaseline")


def test_a_baseline_has_the_error_of_its_blocks() -> None:
    days = of_confusion(np.asarray([[[100, 0], [100 - found, found]] for found in [40, 60] * 7]))
    found = baseline_of("recall", RECALL, days, 100)
    assert found is not None
    assert found.value == pytest.approx(0.5)
    assert found.error == pytest.approx(0.1 / np.sqrt(14), rel=0.1)


@pytest.mark.parametrize("days", [[40, 60, 50], [40]], ids=["three days", "one day"])
def test_too_few_days_make_no_baseline(days: list[int]) -> None:
    tally = of_confusion(np.asarray([[[100, 0], [100 - found, found]] for found in days]))
    assert baseline_of("recall", RECALL, tally, 1) is None


def test_equally_good_windows_fail_no_more_often_than_the_level_says() -> None:
    random = np.random.default_rng(5)

    def window() -> Baseline:
        shares = np.clip(random.normal(0.6, 0.05, 14), 0, 1)
        days = [[[100, 0], [100 - n, n]] for n in random.binomial(100, shares)]
        found = baseline_of("recall", RECALL, of_confusion(np.asarray(days)), 100)
        assert found is not None
        return found

    # At its boundary: no worse at all, and it is not.
    fails = [judge_baseline(metric(by=0.0), RECALL, window(), window(), 0.05).verdict for _ in range(500)]
    assert np.mean([one is Verdict.FAIL for one in fails]) < 0.05 + 0.03


def chosen(random: np.random.Generator, gain: float, days: int) -> tuple[Baseline, Baseline]:
    """A model that was promoted for beating the one before it, when it was and on a later window."""
    contest = Contest(yardstick(MetricName.RECALL), 0.0)

    def window() -> tuple[Tally, Tally]:
        share = np.clip(random.normal(0.6, 0.06, days), 0, 1)
        found = (random.binomial(100, np.clip(share + better, 0, 1)) for better in (0.0, gain))
        one, other = (of_confusion(np.asarray([[[100, 0], [100 - n, n]] for n in by_day])) for by_day in found)
        return one, other

    promoted = None
    while promoted is None:
        before, candidate = window()
        if compare(both(before, candidate), contest).verdict is Comparison.BETTER:
            promoted = baseline_of("recall", RECALL, candidate, 100)
    later = baseline_of("recall", RECALL, window()[1], 100)
    assert later is not None
    return promoted, later


@pytest.mark.parametrize(("gain", "days", "most"), [(0.05, 28, 0.08), (0.05, 7, 0.11), (0.02, 7, 0.13)])
def test_the_value_at_promotion_is_too_good_by_little_where_the_gain_was_worth_it(
    gain: float, days: int, most: float
) -> None:
    """At its boundary and at 5 %; docs/decisions/0013 has the shares of many more of them."""
    random = np.random.default_rng(29)
    pairs = [chosen(random, gain, days) for _ in range(200)]
    fails = [judge_baseline(metric(by=0.0), RECALL, now, was, 0.05).verdict for was, now in pairs]
    assert np.mean([one is Verdict.FAIL for one in fails]) < most


# --- from files ---------------------------------------------------------------------------------------------------
BY = {"promotion": {"by": 0.05}}


def run(folder: Path, than: dict[str, Any], **more: Any) -> EvaluationResult:
    asked = [{"name": "accuracy", "min": 0.2, "noWorseThan": than}]
    given = input_for(folder, index=4, metrics=asked, **more)
    return evaluate(given, environ={}, now=NOW, progress=lambda _: None)


def named(result: EvaluationResult, name: str) -> MetricResult:
    return next(one for one in result.metrics if one.name == name)


@pytest.fixture(scope="module")
def five_weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weeks")
    write_days(folder, 36, rows=200)
    return folder


def test_a_model_that_was_better_when_it_was_promoted_fails_though_it_meets_its_minimum(five_weeks: Path) -> None:
    was = Baseline(metric="accuracy", value=0.99, error=0.001, degrees=20)
    result = run(five_weeks, BY, baselines=[was.document()])
    assert named(result, "accuracy").verdict is Verdict.PASS
    missed = named(result, "accuracy{promotion}")
    assert missed.verdict is Verdict.FAIL
    assert (missed.rows, missed.blocks, missed.reason) == (1400, 7, None)
    assert missed.level == named(result, "accuracy").level
    assert result.verdict is Verdict.FAIL
    assert "accuracy{promotion} is -0." in result.message


def test_before_any_promotion_its_minimum_alone_decides(five_weeks: Path) -> None:
    result = run(five_weeks, BY)
    assert named(result, "accuracy{promotion}").reason == "NoBaseline"
    assert result.verdict is Verdict.PASS


def test_another_model_under_the_same_uri_has_no_baseline(five_weeks: Path, tmp_path: Path) -> None:
    was = Baseline(metric="accuracy", value=0.99, error=0.001, degrees=20)
    champion = models.good(tmp_path / "champion")
    told = {"baselines": [was.document()], "baselineDigest": "sha256:" + "0" * 64}
    result = run(five_weeks, BY, champion=champion, predictions=LOADED, **told)
    assert named(result, "accuracy{promotion}").reason == "NoBaseline"


def test_it_is_as_good_as_on_the_reference(five_weeks: Path) -> None:
    reference = {"window": {"start": str(FIRST), "end": str(FIRST + 28 * DAY)}}
    result = run(five_weeks, {"reference": {"by": 0.05}}, reference=reference)
    assert named(result, "accuracy{reference}").verdict is Verdict.PASS


def test_a_comparison_says_what_the_candidate_will_be_held_to(five_weeks: Path, tmp_path: Path) -> None:
    old, new = models.blind(tmp_path / "old"), models.good(tmp_path / "new")
    result = run(five_weeks, BY, champion=old, predictions=LOADED, contender=Contender(uri=new),
                 challenger={"metric": "f1"})  # fmt: skip
    assert not [one for one in result.metrics if "{" in one.name], "what the champion was is no news"
    assert result.comparison is not None
    (baseline,) = result.comparison.baselines
    assert baseline.metric == "accuracy"
    shown = next(one for one in result.comparison.others if one.metric == "accuracy")
    assert baseline.value == pytest.approx(shown.candidate)
