import numpy as np
import pytest

from modelmonitor.api.monitor import Challenger
from modelmonitor.api.result import Comparison, ComparisonResult
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.compare import compare as compare_by
from tests.unit.evaluation.tallies import BINARY, of_confusion


def counts(recall_by_day: list[int], rows: int = 100) -> Tally:
    return of_confusion(np.asarray([[[100, 0], [rows - found, found]] for found in recall_by_day]))


def compare(champion: Tally, candidate: Tally, challenger: Challenger, minimum_rows: int) -> ComparisonResult:
    return compare_by(champion, candidate, BINARY[challenger.metric], challenger, minimum_rows)


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
    assert result.low == pytest.approx(0.02)


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
