"""A candidate that is better waits for a person, where the spec says so."""

from datetime import datetime

from modelmonitor.api.monitor import RolloutMode
from modelmonitor.api.record import ComparedValues, Evidence
from modelmonitor.api.result import ComparisonResult, ModelIdentity
from modelmonitor.api.status import Answer, Approval, AttemptOutcome, Compared
from modelmonitor.domain.observation import Observation, Problem
from modelmonitor.domain.policies.ends import ended
from modelmonitor.domain.policies.guard import needs_approval
from modelmonitor.domain.policies.rollout import Promotion, forward_intent
from modelmonitor.domain.step import Step, noted, waiting


def promoted(
    seen: Observation,
    now: datetime,
    wanted: Compared,
    measured: ComparisonResult,
    model: ModelIdentity | None,
    *,
    message: str,
) -> Step:
    """The candidate is better: roll it out, or wait for somebody to say yes."""
    digest = model.digest if model is not None else None
    if digest is not None and digest in seen.status.rolled_back_digests:
        why = f"{wanted.challenger_uri} ({digest}) was rolled back before: it is not rolled out again."
        return ended(seen, now, AttemptOutcome.KNOWN_BAD, why, measured)
    promotion = Promotion(wanted.challenger_uri, digest, wanted.window, measured)
    if seen.spec.rollout_mode is RolloutMode.OBSERVE:
        return _recommended(seen, now, promotion, message)
    if not needs_approval(seen):
        return forward_intent(seen, now, promotion, message=message)
    deadline = now + seen.rollout_spec.approval_deadline
    return noted(
        seen,
        now,
        "AwaitingApproval",
        f"{message} It waits for an approval of {digest} until {deadline:%Y-%m-%dT%H:%MZ}.",
        comparison=None,
        approval=Approval(
            candidate_uri=wanted.challenger_uri,
            digest=digest,
            window=wanted.window,
            comparison=measured,
            since=now,
            deadline=deadline,
        ),
    )


def awaiting_approval(seen: Observation, now: datetime) -> Step | None:
    """A better candidate waits: roll it out once somebody has said yes, give it up when nobody does."""
    waits = seen.status.approval
    if waits is None or waits != seen.recorded.approval:
        return None
    compared = ComparedValues.of(waits.comparison)
    seen = seen.resting_on(Evidence(windows=(waits.window,), comparison=compared, by=waits.by or None))
    if waits.answer is Answer.REJECTED:
        why = ": ".join(part for part in (waits.by, waits.why) if part) or "without a word"
        return ended(
            seen, now, AttemptOutcome.REJECTED, f"{waits.candidate_uri} was rejected, {why}.", waits.comparison
        )
    promotion = Promotion(waits.candidate_uri, waits.digest, waits.window, waits.comparison, approved_by=waits.by)
    if seen.spec.rollout_mode is RolloutMode.OBSERVE:
        return _recommended(seen, now, promotion, "")
    if waits.answer is Answer.APPROVED or not needs_approval(seen):
        by = f" by {waits.by}" if waits.by else ""
        return forward_intent(seen, now, promotion, message=f"{waits.candidate_uri} is approved{by} and rolled out.")
    if now >= waits.deadline:
        message = f"Nobody approved {waits.candidate_uri} before {waits.deadline:%Y-%m-%dT%H:%MZ}: it is given up."
        return ended(seen, now, AttemptOutcome.NOT_APPROVED, message, waits.comparison)
    return waiting(seen, until=waits.deadline)


def _recommended(seen: Observation, now: datetime, promotion: Promotion, message: str) -> Step:
    """In mode Observe nothing is rolled out: somebody is told what to do, and the attempt is over."""
    place = "" if isinstance(seen.serving, Problem) else seen.serving.place
    said = f"{promotion.candidate} is better and is not rolled out, since rollout.mode is Observe: set {place} to it."
    measured = promotion.measured.model_copy(update={"baselines": ()})
    return ended(seen, now, AttemptOutcome.OBSERVE, f"{said} {message}".rstrip(), measured)
