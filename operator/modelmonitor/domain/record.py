"""The outbox: from a decision to its entry in `status.history`, and from there into the record.

The operator touches no storage. The next evaluation Job is handed the entries that wait, writes each as an object, and
says up to which one they are there. Killed in between, the same entries are handed over again: a Job that finds an
object that says the same has nothing to do.
"""

from collections.abc import Collection
from datetime import datetime

from modelmonitor.api.job import INPUT_LIMIT, EvaluationInput
from modelmonitor.api.record import MOST_DECISIONS, Change, Handover, HistoryEntry, Move
from modelmonitor.api.result import EvaluationResult
from modelmonitor.api.status import Direction, ModelMonitorStatus
from modelmonitor.domain.observation import Observation

_REMEDY = frozenset({"attempt", "candidate", "comparison", "rollout", "last_attempt", "approval"})


def entry(
    seen: Observation,
    after: ModelMonitorStatus,
    now: datetime,
    reason: str,
    message: str,
    *,
    fields: Collection[str],
    change: Change | None = None,
) -> HistoryEntry:
    """The entry of a decision that makes `after` of the status, of which these fields are said anew."""
    serving = after.serving_model
    return HistoryEntry(
        id=max(after.decisions, *(one.id for one in after.history), 0) + 1,
        time=now,
        reason=reason,
        message=message,
        generation=seen.generation,
        model_uri=serving.uri if serving else None,
        model_digest=serving.digest if serving else None,
        trip=after.trips or None if _REMEDY.intersection(fields) else None,
        move=_move(seen.status, after, told="rollout" in fields),
        change=change,
        evidence=seen.evidence,
    )


def added(seen: Observation, after: ModelMonitorStatus, new: HistoryEntry) -> ModelMonitorStatus:
    """The status with one more decision, and without those that are in the record and too many.

    Where nothing is published, nothing waits.
    """
    status = after.model_copy(update={"decisions": new.id, "history": (*after.history, new)})
    if seen.spec.reports is None:
        status = status.model_copy(update={"recorded_through": new.id})
    kept = max(seen.spec.history.decisions, len(status.waiting_decisions))
    return status.model_copy(update={"history": status.history[-min(kept, MOST_DECISIONS) :]})


def missing(status: ModelMonitorStatus) -> int:
    """How many decisions were dropped from the outbox before they were in the record.

    None, once the record goes on after them: then it tells the gap itself, by the numbers of its objects.
    """
    return max(status.decisions - status.recorded_through - len(status.waiting_decisions), 0)


def handed_over(seen: Observation, job_input: EvaluationInput) -> EvaluationInput:
    """The input with the decisions that wait, the oldest first, as many as it can hold.

    Only what is written down: what this very decision adds may never have been, if the operator is killed now.
    """
    waiting = seen.recorded.waiting_decisions if seen.spec.reports is not None else ()
    for count in range(len(waiting), 0, -1):
        full = job_input.model_copy(update={"record": Handover(uid=seen.uid, decisions=waiting[:count])})
        if len(full.text().encode()) <= INPUT_LIMIT:
            return full
    return job_input


def acknowledged(status: ModelMonitorStatus, result: EvaluationResult) -> ModelMonitorStatus:
    """The status once an evaluation has said what it has written into the record: there it is at length, here in short.

    An entry is known by its name, which holds its time: after a restored backup a Job may speak of another decision
    of the same number.
    """
    if result.recorded_through is None and result.record_problem is None:
        return status
    named = (one.id for one in status.history if one.name == result.recorded_through)
    through = max(status.recorded_through, *named, 0)
    history = tuple(one.in_short() if one.id <= through else one for one in status.history)
    return status.model_copy(
        update={"recorded_through": through, "record_problem": result.record_problem, "history": history}
    )


def _move(before: ModelMonitorStatus, after: ModelMonitorStatus, *, told: bool) -> Move | None:
    old, new, rollout = before.serving_model, after.serving_model, after.rollout
    if old is not None and new is not None and old.uri != new.uri:
        ours = told and rollout is not None and rollout.to_uri == new.uri
        return Move(
            rollout=rollout.id if ours and rollout is not None else None,
            from_uri=old.uri,
            from_digest=old.digest,
            to_uri=new.uri,
            to_digest=new.digest,
        )
    if not told or rollout is None:
        return None
    candidate = rollout.to_uri if rollout.direction is Direction.FORWARD else rollout.from_uri
    digests = {candidate: rollout.candidate_digest}
    if old is not None and old.digest is not None:
        digests[old.uri] = old.digest
    return Move(
        rollout=rollout.id,
        from_uri=rollout.from_uri,
        from_digest=digests.get(rollout.from_uri),
        to_uri=rollout.to_uri,
        to_digest=digests.get(rollout.to_uri),
    )
