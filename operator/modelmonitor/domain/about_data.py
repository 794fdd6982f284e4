"""What an evaluation says of the data, in short: for the status, the conditions and the history."""

from datetime import datetime
from typing import Final

from modelmonitor.api.drift import DriftMethod
from modelmonitor.api.measuring import DriftSummary, DriftValue, LastDataEvaluation, Measurement, QualitySummary
from modelmonitor.api.result import DriftResult, EvaluationResult, QualityResult, Verdict

_TESTS: Final = (DriftMethod.KOLMOGOROV_SMIRNOV, DriftMethod.CHI_SQUARE)
_NAMED: Final = 3
_BAD: Final = (Verdict.FAIL, Verdict.WARN)


def data_summary(wanted: Measurement, name: str, result: EvaluationResult, now: datetime) -> LastDataEvaluation:
    """What stands in the status of the newest window whose data were looked at."""
    drift = _drift(result.drift) if result.drift is not None else None
    quality = _quality(result.quality) if result.quality is not None else None
    parts = [part.verdict for part in (drift, quality) if part is not None]
    ranked = (Verdict.FAIL, Verdict.WARN, Verdict.PASS)
    said = [quality.message] if quality is not None and quality.message else []
    said = [drift_sentence(drift), *said] if drift is not None else said
    return LastDataEvaluation(
        name=name,
        window=wanted.window,
        verdict=next((one for one in ranked if one in parts), result.verdict or Verdict.INSUFFICIENT),
        message=" ".join(said) or result.message or result.reason,
        drift=drift,
        quality=quality,
        completed_at=now,
    )


def data_reason(summary: LastDataEvaluation, *, tripping: bool) -> str:
    """One word for the history."""
    if summary.quality is not None and summary.quality.verdict is Verdict.FAIL:
        return "DataInvalid"
    if tripping:
        return "DriftTrips"
    if summary.drift is not None and summary.drift.verdict in _BAD:
        return "Drifted"
    return f"Data{summary.verdict}"


def drift_sentence(drift: DriftSummary) -> str:
    """What has drifted."""
    bad = [one for one in drift.scores if one.verdict in _BAD]
    named = [f"{one.name} ({one.method} {_number(one.value)}{_limit(one)})" for one in bad[:_NAMED]]
    columns = f": {', '.join(named)}{', …' if len(bad) > _NAMED else ''}" if named else ""
    return f"{drift.drifted} of {drift.features} features drifted{columns}."


def _limit(score: DriftValue) -> str:
    if score.limit is None:
        return ""
    return f", level {_number(score.limit)}" if score.method in _TESTS else f", limit {_number(score.limit)}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"


def _drift(result: DriftResult) -> DriftSummary:
    values = (
        DriftValue(name=one.name, method=one.method, value=one.value, limit=one.limit, verdict=one.verdict)
        for one in result.scores
    )
    return DriftSummary(
        verdict=result.verdict,
        trips=result.trips,
        features=result.features,
        drifted=result.drifted,
        scores=tuple(values),
    )


def _quality(result: QualityResult) -> QualitySummary:
    worst = sorted(result.findings, key=lambda one: one.verdict is not Verdict.FAIL)[:_NAMED]
    said = (one.message or f"{one.check}{f' in {one.column}' if one.column else ''}" for one in worst)
    return QualitySummary(verdict=result.verdict, message="; ".join(said))
