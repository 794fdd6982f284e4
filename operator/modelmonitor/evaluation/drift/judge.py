"""From the distances of all columns to what they mean."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelmonitor.api.drift import Drift, DriftLimit, DriftSeverity
from modelmonitor.api.result import DriftResult, DriftScore, Verdict
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.drift.columns import Distance, Side, compare, method_for, why_not
from modelmonitor.evaluation.judge import BETWEEN_DAY_UNKNOWN, TOO_FEW_BLOCKS
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.reference.watched import PREDICTION, TARGET

_SHOWN = {PREDICTION: "prediction", TARGET: "target"}
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Judged:
    """The drift of all columns: `result` holds all scores, more than a summary has room for."""

    verdict: Verdict
    trips: bool
    features: int
    drifted: int
    scores: tuple[DriftScore, ...]
    """Prediction and target, then the features, the worst first."""
    bounds: Mapping[str, float]
    """By the name of the score: how much larger the distance of the values themselves can be."""

    @property
    def summary(self) -> DriftResult:
        """What the status shows."""
        return DriftResult(
            verdict=self.verdict,
            trips=self.trips,
            features=self.features,
            drifted=self.drifted,
            scores=self.scores[:16],
        )


@dataclass(frozen=True, slots=True)
class _Found:
    score: DriftScore
    distance: Distance | None


def judge_drift(
    drift: Drift, profile: Profile, window: Mapping[str, ColumnCounts], *, by_day: bool, days: float
) -> Judged:
    """Judge the drift of a window.

    Args:
        drift: the limits.
        profile: the reference.
        window: the window's columns, counted at the reference's cells.
        by_day: whether the window's blocks are civil days.
        days: how long the window is.
    """
    compared = _Compared(profile, window, by_day, max(1.0, days))
    parts: list[tuple[Verdict, DriftSeverity]] = []
    roles: list[_Found] = []
    for name, limit in ((PREDICTION, drift.prediction), (TARGET, drift.target)):
        # Labels that were not looked at (they have not arrived) are no finding.
        if limit is not None and (name in window or name not in profile.layouts):
            (found,) = _judged([compared.score(name, limit)], limit)
            roles.append(found)
            parts.append((found.score.verdict, limit.severity))
    features: list[_Found] = []
    drifted = judged = 0
    if (limit := drift.features) is not None:
        features = _judged([compared.score(name, limit) for name in profile.features], limit)
        judged = sum(found.score.verdict is not Verdict.INSUFFICIENT for found in features)
        drifted = sum(found.score.verdict in {Verdict.WARN, Verdict.FAIL} for found in features)
        if features:
            parts.append((_of_share(judged, drifted, limit.share, limit.severity), limit.severity))
    ordered = [*roles, *sorted(features, key=_worst_first)]
    return Judged(
        verdict=_worst([verdict for verdict, _ in parts]),
        trips=any(severity is DriftSeverity.TRIP and verdict is Verdict.FAIL for verdict, severity in parts),
        features=judged,
        drifted=drifted,
        scores=tuple(found.score for found in ordered),
        bounds={found.score.name: found.distance.bound for found in ordered if found.distance is not None},
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    profile: Profile
    window: Mapping[str, ColumnCounts]
    by_day: bool
    days: float

    def score(self, name: str, limit: DriftLimit) -> _Found:
        """The score of a column, not yet judged against the limit."""
        shown = _SHOWN.get(name) or (f"{name} (column)" if name in _SHOWN.values() else name)[:_LONGEST]
        bound = limit.max if limit.max is not None else limit.alpha
        score = DriftScore(name=shown, method=limit.method, limit=bound, verdict=Verdict.INSUFFICIENT)
        layout = self.profile.layouts.get(name)
        if layout is None or name not in self.window:
            return _Found(score.model_copy(update={"reason": "NotInReference"}), None)
        reference, counts = self.profile.counts[name], self.window[name]
        if (reason := why_not(layout, reference, counts)) is not None:
            return _Found(score.model_copy(update={"reason": reason}), None)
        method = method_for(layout, limit)
        before = Side(reference, self.profile.by_day, self.profile.days)
        distance, found = compare(layout, before, Side(counts, self.by_day, self.days), method)
        known = {
            "method": method,
            "value": distance.value if math.isfinite(distance.value) else None,
            "p_value": distance.p_value if limit.alpha is not None else None,
            "expected": distance.expected,
            "reason": None if found.between_days else BETWEEN_DAY_UNKNOWN,
        }
        if limit.alpha is not None and not found.known:
            return _Found(score.model_copy(update=known | {"p_value": None, "reason": TOO_FEW_BLOCKS}), None)
        return _Found(score.model_copy(update=known), distance)


def false_discoveries(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses are rejected at a false discovery rate of alpha: Benjamini and Hochberg (1995)."""
    order = sorted(range(len(p_values)), key=lambda number: p_values[number])
    last = max(
        (rank for rank, number in enumerate(order, 1) if p_values[number] <= alpha * rank / len(order)), default=0
    )
    rejected = set(order[:last])
    return [number in rejected for number in range(len(p_values))]


def _judged(found: Sequence[_Found], limit: DriftLimit) -> list[_Found]:
    """Scores with verdicts; of several columns that are tested, by their false discovery rate."""
    tested = [one for one in found if one.distance is not None]
    if limit.alpha is not None:
        beyond = false_discoveries([_p_value(one) for one in tested], limit.alpha)
    else:
        most = math.inf if limit.max is None else limit.max
        beyond = [one.distance is not None and one.distance.value > most for one in tested]
    bad = Verdict.WARN if limit.severity is DriftSeverity.WARN else Verdict.FAIL
    verdicts = {one.score.name: bad if over else Verdict.PASS for one, over in zip(tested, beyond, strict=True)}
    return [
        _Found(
            one.score.model_copy(update={"verdict": verdicts.get(one.score.name, Verdict.INSUFFICIENT)}), one.distance
        )
        for one in found
    ]


def _p_value(found: _Found) -> float:
    return 1.0 if found.score.p_value is None else found.score.p_value


def _of_share(judged: int, drifted: int, share: float, severity: DriftSeverity) -> Verdict:
    if not judged:
        return Verdict.INSUFFICIENT
    if drifted <= share * judged:
        return Verdict.PASS
    return Verdict.WARN if severity is DriftSeverity.WARN else Verdict.FAIL


def _worst(verdicts: Sequence[Verdict]) -> Verdict:
    for verdict in (Verdict.FAIL, Verdict.WARN, Verdict.PASS):
        if verdict in verdicts:
            return verdict
    return Verdict.INSUFFICIENT


def _worst_first(found: _Found) -> tuple[int, float, float]:
    """Drifted ones, then by how far beyond chance, then those that could not be judged."""
    if found.distance is None:
        return 2, 0.0, 0.0
    ratio = found.distance.value / found.distance.expected if found.distance.expected > 0 else found.distance.value
    return int(found.score.verdict is Verdict.PASS), _p_value(found), -ratio
