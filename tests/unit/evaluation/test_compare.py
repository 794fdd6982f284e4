import numpy as np
import pytest

from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.monitor import Challenger, GuardMetric
from modelmonitor.api.result import (
    Comparison,
    ComparisonResult,
    EvaluationResult,
    GuardVerdict,
    Look,
    Paired,
    Verdict,
    decode,
    encode,
)
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.compare import Contest, Guarding
from modelmonitor.evaluation.compare import compare as compare_by
from tests.unit.evaluation.tallies import both, of_confusion, yardstick


def counts(recall_by_day: list[int], rows: int = 100) -> Tally:
    return of_confusion(np.asarray([[[100, 0], [rows - found, found]] for found in recall_by_day]))


def compare(champion: Tally, candidate: Tally, challenger: Challenger, minimum_rows: int) -> ComparisonResult:
    deciding = yardstick(challenger.metric, minimum_rows, challenger.confidence)
    return compare_by(both(champion, candidate), Contest(deciding, challenger.minimum_gain))


HARD_AND_EASY = [20, 80, 30, 70, 25, 75, 40, 60]
CHALLENGER = Challenger(metric="recall", minimum_gain=0.0, confidence=0.95)


@pytest.mark.parametrize(
    ("candidate", "challenger", "verdict"),
    [
        pytest.param([r + 5 for r in HARD_AND_EASY], {}, Comparison.BETTER, id="a little better on every day"),
        pytest.param(HARD_AND_EASY, {}, Comparison.NOT_BETTER, id="the same model again"),
        pytest.param([r - 5 for r in HARD_AND_EASY], {}, Comparison.NOT_BETTER, id="worse"),
        pytest.param(
            [r + d for r, d in zip(HARD_AND_EASY, [15, -9] * 4, strict=True)],
            {},
            Comparison.NOT_BETTER,
            id="better on average, but not beyond chance",
        ),
        pytest.param(
            [r + 5 for r in HARD_AND_EASY],
            {"minimum_gain": 0.05},
            Comparison.NOT_BETTER,
            id="better by what must be exceeded",
        ),
        pytest.param(
            [r + d for r, d in zip(HARD_AND_EASY, [9, -1] * 4, strict=True)],
            {"confidence": 0.8},
            Comparison.BETTER,
            id="chance explains it at 99 %, not at 80 %",
        ),
        pytest.param(
            [r + d for r, d in zip(HARD_AND_EASY, [9, -1] * 4, strict=True)],
            {"confidence": 0.99},
            Comparison.NOT_BETTER,
            id="chance explains it at 99 %",
        ),
    ],
)
def test_the_comparison_says(candidate: list[int], challenger: dict[str, float], verdict: Comparison) -> None:
    result = compare(counts(HARD_AND_EASY), counts(candidate), CHALLENGER.model_copy(update=challenger), 100)
    assert result.verdict is verdict
    assert result.reason is None
    assert result.difference == pytest.approx((sum(candidate) - sum(HARD_AND_EASY)) / 800)
    assert (result.rows, result.blocks) == (1600, 8)


def test_it_is_paired_so_days_that_are_hard_for_both_do_not_hide_a_difference() -> None:
    """By their own intervals neither model could be told from the other: recall differs by 60 points between days."""
    result = compare(counts(HARD_AND_EASY), counts([r + 2 for r in HARD_AND_EASY]), CHALLENGER, 100)
    assert result.verdict is Comparison.BETTER
    assert result.low is not None
    assert 0.01 < result.low < 0.02


@pytest.mark.parametrize(
    ("days", "rows", "metric", "reason"),
    [
        pytest.param([10, 20, 30], 100, "recall", "TooFewBlocks", id="three days"),
        pytest.param([2, 3, 4, 5], 10, "recall", "TooFewRows", id="forty rows"),
        pytest.param([0, 0, 0, 0], 100, "precision", "TooFewRows", id="neither calls anything positive"),
        pytest.param([10, 20, 30, 40], 100, "roc_auc", "NoScores", id="an area without scores"),
    ],
)
def test_too_little_to_compare_is_no_evidence(days: list[int], rows: int, metric: str, reason: str) -> None:
    challenger = Challenger.model_validate({"metric": metric})
    result = compare(counts(days, rows), counts(days, rows), challenger, 100)
    assert (result.verdict, result.reason, result.low) == (Comparison.NO_EVIDENCE, reason, None)
    lacks = {"TooFewBlocks": (len(days), 4), "TooFewRows": (sum(days) if metric == "precision" else 40, 100)}
    assert (result.counted, result.needed) == lacks.get(reason, (None, None))


def by_day(recall: list[int], right_negatives: list[int]) -> Tally:
    """Days of 100 positive and 100 negative rows."""
    days = zip(recall, right_negatives, strict=True)
    return of_confusion(np.asarray([[[right, 100 - right], [100 - found, found]] for found, right in days]))


BETTER = [r + 5 for r in HARD_AND_EASY]
NEGATIVES = [80, 90, 85, 95, 82, 88, 91, 86]


def guarded(
    specificity: list[int],
    margin: float,
    *,
    minimum_rows: int = 100,
    confidence: float = 0.95,
    segments: dict[str, tuple[list[int], list[int]]] | None = None,
) -> ComparisonResult:
    """The candidate has a better recall; the champion's negatives are as above, the candidate's as given."""
    names = ("carrier",) if segments else ()
    guard = GuardMetric(metric="specificity", margin=margin, segments=names, minimum_rows=minimum_rows)
    pairs = {name: (by_day(HARD_AND_EASY, old), by_day(BETTER, new)) for name, (old, new) in (segments or {}).items()}
    contest = Contest(
        yardstick(MetricName.RECALL),
        0.0,
        guards=[Guarding(guard, yardstick(MetricName.SPECIFICITY, minimum_rows, confidence))],
        shown=[yardstick(MetricName.ACCURACY), yardstick(MetricName.RECALL), yardstick(MetricName.SPECIFICITY)],
    )
    return compare_by(both(by_day(HARD_AND_EASY, NEGATIVES), by_day(BETTER, specificity), **pairs), contest)


def guard_of(result: ComparisonResult, name: str = "specificity") -> Paired:
    return next(one for one in result.others if one.metric == name)


def shifted(by: int) -> list[int]:
    return [number + by for number in NEGATIVES]


@pytest.mark.parametrize(
    ("specificity", "margin", "guard", "verdict"),
    [
        pytest.param(shifted(0), 0.01, GuardVerdict.KEPT, Comparison.BETTER, id="the same there"),
        pytest.param(shifted(-1), 0.02, GuardVerdict.KEPT, Comparison.BETTER, id="a little worse, within the margin"),
        pytest.param(shifted(-3), 0.02, GuardVerdict.BROKEN, Comparison.NOT_BETTER, id="worse by more"),
        pytest.param(shifted(-2), 0.02, GuardVerdict.BROKEN, Comparison.NOT_BETTER, id="worse by just as much"),
        pytest.param(shifted(0), 0.0, GuardVerdict.BROKEN, Comparison.NOT_BETTER, id="margin 0 asks for better"),
        pytest.param(shifted(1), 0.0, GuardVerdict.KEPT, Comparison.BETTER, id="and better it is"),
        pytest.param(
            [n + d for n, d in zip(NEGATIVES, [9, -9] * 4, strict=True)],
            0.02,
            GuardVerdict.BROKEN,
            Comparison.NOT_BETTER,
            id="equal on average, and by chance far worse: that it is not is not shown",
        ),
    ],
)
def test_a_guard_must_be_shown_to_be_kept(
    specificity: list[int], margin: float, guard: GuardVerdict, verdict: Comparison
) -> None:
    result = guarded(specificity, margin)
    assert (result.verdict, guard_of(result).guard) == (verdict, guard)
    assert result.reason == ("GuardBroken" if guard is GuardVerdict.BROKEN else None)
    assert guard_of(result).margin == margin


def test_a_guard_that_cannot_be_judged_is_no_evidence() -> None:
    result = guarded(shifted(0), 0.05, minimum_rows=10_000)
    assert (result.verdict, result.reason) == (Comparison.NO_EVIDENCE, "GuardNotJudged")
    assert guard_of(result).reason == "TooFewRows"


def test_a_candidate_that_is_worse_on_a_segment_is_refused_though_it_is_kept_on_all_rows() -> None:
    result = guarded(shifted(0), 0.02, segments={"AA": (NEGATIVES, shifted(2)), "UA": (NEGATIVES, shifted(-6))})
    assert (result.verdict, result.reason) == (Comparison.NOT_BETTER, "GuardBroken")
    assert result.others[0].metric == "specificity{carrier=UA}", "the broken one first"
    assert guard_of(result, "specificity{carrier=AA}").guard is GuardVerdict.KEPT


def test_a_segment_with_too_few_rows_is_listed_and_left_out() -> None:
    few = (NEGATIVES[:3], NEGATIVES[:3])
    guard = GuardMetric(metric="specificity", margin=0.05, segments=("carrier",))
    rare = (by_day(HARD_AND_EASY[:3], few[0]), by_day(BETTER[:3], few[1]))
    result = compare_by(
        both(by_day(HARD_AND_EASY, NEGATIVES), by_day(BETTER, NEGATIVES), ZZ=rare),
        Contest(yardstick(MetricName.RECALL), 0.0, guards=[Guarding(guard, yardstick(MetricName.SPECIFICITY))]),
    )
    assert result.verdict is Comparison.BETTER
    assert guard_of(result, "specificity{carrier=ZZ}").guard is GuardVerdict.NO_EVIDENCE


def test_a_candidate_that_is_not_better_is_not_called_so_for_keeping_its_guards() -> None:
    result = compare(counts(HARD_AND_EASY), counts(HARD_AND_EASY), CHALLENGER, 100)
    assert result.verdict is Comparison.NOT_BETTER


def test_both_models_stand_side_by_side_and_none_twice() -> None:
    result = guarded(shifted(0), 0.05)
    assert [one.metric for one in result.others] == ["specificity", "accuracy"]
    accuracy = guard_of(result, "accuracy")
    assert accuracy.guard is None
    assert (accuracy.difference or 0) == pytest.approx(0.025)


def test_a_guard_has_a_confidence_of_its_own() -> None:
    by_chance = [n + d for n, d in zip(NEGATIVES, [2, -3] * 4, strict=True)]
    sure, unsure = (guarded(by_chance, 0.02, confidence=one) for one in (0.99, 0.6))
    assert [guard_of(one).guard for one in (sure, unsure)] == [GuardVerdict.BROKEN, GuardVerdict.KEPT]
    assert guard_of(sure).confidence == 0.99
    assert sure.confidence == 0.95


def test_more_guards_and_segments_than_a_summary_holds_are_all_in_the_result_and_told_by_the_message() -> None:
    many = {f"C{k:02}": (NEGATIVES, shifted(-6 if k % 2 else 2)) for k in range(40)}
    found = guarded(shifted(0), 0.02, segments=many)
    assert len(found.others) == 42
    result = EvaluationResult(look=Look.JUDGED, verdict=Verdict.PASS, comparison=found)
    read = decode(encode(result)).comparison
    assert read is not None
    assert len(read.others) + read.omitted == 42
    assert {one.guard for one in read.others[:20]} == {GuardVerdict.BROKEN}
