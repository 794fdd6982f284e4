"""What the conditions say of the data and of the model."""

from datetime import datetime
from typing import Final

from modelmonitor.api.result import Verdict
from modelmonitor.api.types import ConditionStatus
from modelmonitor.domain.about_data import drift_sentence
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.record import missing
from modelmonitor.domain.said import Said

_TRUE: Final = ConditionStatus.TRUE
_FALSE: Final = ConditionStatus.FALSE
_UNKNOWN: Final = ConditionStatus.UNKNOWN


def data_available(seen: Observation, now: datetime) -> Said:
    """Does data arrive, and can it be used?"""
    through, moved = seen.status.data_through, seen.status.data_moved_at
    if moved is None:
        return Said(_UNKNOWN, "NotYetLooked", "The first look at the data is not finished.")
    if through is None:
        return Said(_FALSE, "Empty", "There is no row with an event time in spec.data.current.")
    if now >= moved + 2 * seen.spec.windows.every:
        return Said(
            _FALSE, "NoNewData", f"No event newer than {through:%Y-%m-%dT%H:%MZ} has arrived since {moved:%Y-%m-%d}."
        )
    latest = seen.status.last_data_evaluation
    quality = latest.quality if latest is not None and seen.spec.quality is not None else None
    if latest is not None and quality is not None and quality.verdict is Verdict.FAIL:
        return Said(
            _FALSE,
            "DataInvalid",
            f"Window from {latest.window.start:%Y-%m-%d}: {quality.message} What the model makes of it does not count.",
        )
    return Said(_TRUE, "Arriving", f"Events up to {through:%Y-%m-%dT%H:%MZ} have arrived.")


def drift_detected(seen: Observation) -> Said:
    """Have the data of the newest window moved away from the reference?"""
    latest = seen.status.last_data_evaluation
    if seen.spec.drift is None:
        return Said(_UNKNOWN, "NotConfigured", "There is no spec.drift: nobody looks for it.")
    if latest is None:
        return Said(_UNKNOWN, "NotYetMeasured", "No window has been compared with the reference yet.")
    message = f"Window from {latest.window.start:%Y-%m-%d}: "
    drift = latest.drift
    if drift is None or drift.verdict not in (Verdict.PASS, Verdict.WARN, Verdict.FAIL):
        reason = latest.verdict if drift is None else drift.verdict
        return Said(_UNKNOWN, reason if reason is not Verdict.PASS else "NotMeasured", message + latest.message)
    if drift.verdict is Verdict.PASS:
        return Said(_FALSE, "NoDrift", message + drift_sentence(drift))
    return Said(_TRUE, "DriftTrips" if drift.trips else "Drifted", message + drift_sentence(drift))


def model_healthy(seen: Observation) -> Said:
    """The newest verdict on the model that serves."""
    latest, serving = seen.status.last_evaluation, seen.status.serving_model
    if latest is None:
        return Said(_UNKNOWN, "NotYetJudged", "No window has been judged yet.")
    if serving is not None and latest.model_uri != serving.uri:
        return Said(_UNKNOWN, "NewModel", "The model in service has not been judged on a window yet.")
    status = {Verdict.PASS: _TRUE, Verdict.WARN: _TRUE, Verdict.FAIL: _FALSE}.get(latest.verdict, _UNKNOWN)
    return Said(
        status, latest.verdict, f"Window from {latest.window.start:%Y-%m-%d}: {latest.message or latest.reason}"
    )


def reported(seen: Observation) -> Said:
    """Is the full result kept, and every decision?"""
    latest = seen.status.last_evaluation
    if seen.spec.reports is None:
        return Said(_FALSE, "NoStore", "There is no spec.reports: only the summary in the status is kept.")
    if lost := missing(seen.status):
        return Said(
            _FALSE,
            "RecordIncomplete",
            f"{_decisions(lost)} had to leave status.history before an evaluation could write them into the record "
            "beside the reports: it has a gap there. Is the monitor suspended, or is there trouble with spec.reports?",
        )
    if seen.status.record_problem is not None:
        waiting = _decisions(len(seen.status.waiting_decisions))
        return Said(
            _FALSE, "NotRecorded", f"{waiting} could not be written into the record: {seen.status.record_problem}"
        )
    if latest is None:
        return Said(_UNKNOWN, "NotYetJudged")
    if latest.report_uri is None:
        return Said(_FALSE, "NotWritten", latest.report_problem or "The evaluation could not keep its full result.")
    return Said(_TRUE, "Written", latest.report_uri)


def _decisions(count: int) -> str:
    return "A decision" if count == 1 else f"{count} decisions"
