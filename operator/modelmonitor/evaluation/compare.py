"""Compare: is the candidate better than the champion, on the very same rows?

Both were scored on each row, so what makes a day hard for one makes it hard for the other, and the difference varies
less than either value. Its variance is the jackknife's over blocks of time, of which one may be like the one before
it, and the candidate is better when the lower bound of the difference is above `challenger.minimumGain`.
"""

import math

import numpy as np

from modelmonitor.api.monitor import Challenger
from modelmonitor.api.result import Comparison, ComparisonResult
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.judge import NO_SCORES, TOO_FEW_BLOCKS, TOO_FEW_ROWS
from modelmonitor.evaluation.metrics.measure import Measure
from modelmonitor.evaluation.statistics import jackknife, serial, student
from modelmonitor.evaluation.statistics.kinds import ROWS


def compare(
    champion: Tally, candidate: Tally, measure: Measure, challenger: Challenger, minimum_rows: int
) -> ComparisonResult:
    """Compare two models by their statistics of the same rows.

    Args:
        champion: statistics of the serving model.
        candidate: statistics of its challenger.
        measure: by what they are compared.
        challenger: the metric's name, the least gain and the confidence.
        minimum_rows: the least rows of the metric's denominator, for either model.
    """
    result = ComparisonResult(
        verdict=Comparison.NO_EVIDENCE,
        metric=challenger.metric,
        minimum_gain=challenger.minimum_gain,
        confidence=challenger.confidence,
    )
    if any(kind not in tally for kind in measure.needs for tally in (champion, candidate)):
        return result.model_copy(update={"reason": NO_SCORES})
    old, new = measure.leave_one_out(champion), measure.leave_one_out(candidate)
    old_rows, new_rows = measure.rows(champion), measure.rows(candidate)
    used = (old_rows > 0) | (new_rows > 0)
    known: dict[str, object] = {
        "rows": int(champion[ROWS].counts.sum()),
        "blocks": int(used.sum()),
        "champion": old.value if math.isfinite(old.value) else None,
        "candidate": new.value if math.isfinite(new.value) else None,
    }
    sign = 1 if measure.greater_is_better else -1
    with np.errstate(invalid="ignore"):
        without = sign * (new.without - old.without)[used]
    reason = None
    if min(old_rows.sum(), new_rows.sum()) < minimum_rows:
        reason = TOO_FEW_ROWS
    elif used.sum() < jackknife.FEWEST_BLOCKS:
        reason = TOO_FEW_BLOCKS
    elif not np.isfinite([new.value, old.value, *without]).all():
        reason = measure.undefined.value
    if reason is not None:
        return result.model_copy(update=known | {"reason": reason})
    difference = sign * (new.value - old.value)
    spread = serial.spread(without, independent=0.0)
    low = difference - student.quantile(challenger.confidence, spread.degrees) * math.sqrt(spread.variance)
    better = low > challenger.minimum_gain
    return result.model_copy(
        update=known
        | {
            "verdict": Comparison.BETTER if better else Comparison.NOT_BETTER,
            "difference": difference,
            "low": low,
        }
    )
