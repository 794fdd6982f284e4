"""What people ask for by annotating the monitor: each request is heard once, told, and kept in the history."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from modelmonitor.api.monitor import RolloutMode
from modelmonitor.api.record import Evidence
from modelmonitor.api.requests import HandledRequest, Malformed, Request, Verb, read, token
from modelmonitor.api.status import Answer, AskedTrip, Direction, Hold, ModelMonitorStatus, RolloutStage
from modelmonitor.domain.actions import Tone
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.policies.rollout import back_intent
from modelmonitor.domain.step import Step, changed, noted

_SHORTEST_DIGEST: Final = 12


def asked(seen: Observation, now: datetime) -> Step | None:
    """The first request that was not heard yet; one a decision.

    Not in the decision that has just seen somebody else's change: what was asked may be about what was before it.
    """
    if seen.status != seen.recorded:
        return None
    for verb in Verb:
        text = seen.annotations.requests.get(verb)
        if text is None or token(text) == seen.status.handled(verb):
            continue
        heard = seen.with_status(_heard(seen, verb, text))
        request = read(verb, text)
        if isinstance(request, Malformed):
            return _refused(heard, now, verb, request.message)
        return _ANSWERS[verb](heard.resting_on(Evidence(by=request.by or None)), now, request)
    return None


def _heard(seen: Observation, verb: Verb, text: str) -> ModelMonitorStatus:
    others = (one for one in seen.status.handled_requests if one.verb is not verb)
    mine = HandledRequest(verb=verb, token=token(text))
    return changed(seen.status, handled_requests=tuple(sorted((*others, mine), key=lambda one: one.verb)))


def _refused(seen: Observation, now: datetime, verb: Verb, why: str) -> Step:
    message = f"Annotation modelmonitor.dev/{verb} changes nothing: {why}."
    return noted(seen, now, "RequestRefused", message, tone=Tone.WARNING)


def _by(request: Request) -> str:
    return f" ({request.said})" if request.said else ""


def _resume(seen: Observation, now: datetime, request: Request) -> Step:
    """The breaker closes, the cooldown and a hold end, a revert is forgiven."""
    return noted(
        seen,
        now,
        "Resumed",
        f"Remediation goes on{_by(request)}.",
        reverted=None,
        attempts=0,
        cooldown_ends=None,
        held=None,
        guard=None,
        guard_released_at=now if seen.status.guard is not None else seen.status.guard_released_at,
    )


def _hold(seen: Observation, now: datetime, request: Request) -> Step:
    if request.until is not None and request.until <= now:
        return _refused(seen, now, Verb.HOLD, f"its until, {request.until:%Y-%m-%dT%H:%MZ}, is past")
    until = f"until {request.until:%Y-%m-%dT%H:%MZ}" if request.until is not None else "until told to resume"
    return noted(
        seen,
        now,
        "Held",
        f"Nothing new is trained or rolled out {until}{_by(request)}.",
        held=Hold(since=now, until=request.until, by=request.by, why=request.why),
        asked_trip=None,
    )


def _trip(seen: Observation, now: datetime, request: Request) -> Step:
    if seen.spec.retrain is None:
        return _refused(seen, now, Verb.TRIP, "there is no spec.retrain that says how to train")
    if seen.status.attempt is not None:
        return _refused(seen, now, Verb.TRIP, f"attempt {seen.status.attempt.trip} is under way")
    return noted(
        seen,
        now,
        "TripAsked",
        f"A candidate is asked for{_by(request)}.",
        asked_trip=AskedTrip(at=now, by=request.by, why=request.why),
    )


def _approve(seen: Observation, now: datetime, request: Request) -> Step:
    return _answered(seen, now, request, Verb.APPROVE, Answer.APPROVED)


def _reject(seen: Observation, now: datetime, request: Request) -> Step:
    return _answered(seen, now, request, Verb.REJECT, Answer.REJECTED)


def _answered(seen: Observation, now: datetime, request: Request, verb: Verb, answer: Answer) -> Step:
    waits = seen.status.approval
    if waits is None:
        return _refused(seen, now, verb, "no candidate waits for it")
    if waits.answer is not None:
        return _refused(seen, now, verb, f"the candidate is {waits.answer} already")
    if not _names(request.digest or "", waits.digest or ""):
        return _refused(seen, now, verb, f"it names {request.digest}, and the candidate that waits is {waits.digest}")
    return noted(
        seen,
        now,
        answer,
        f"{waits.candidate_uri} ({waits.digest}) is {answer.lower()}{_by(request)}.",
        approval=waits.model_copy(update={"answer": answer, "by": request.by, "why": request.why}),
    )


def _names(asked_for: str, digest: str) -> bool:
    """Whether the beginning of a digest is meant for this one."""
    short, whole = asked_for.removeprefix("sha256:"), digest.removeprefix("sha256:")
    return len(short) >= _SHORTEST_DIGEST and whole.startswith(short)


def _roll_back(seen: Observation, now: datetime, request: Request) -> Step:
    status, rollout = seen.status, seen.status.rollout
    served = rollout is not None and rollout.stage in (RolloutStage.VERIFYING, RolloutStage.KEPT)
    forward = rollout is not None and rollout.direction is Direction.FORWARD
    serves = rollout is not None and status.serving_model is not None and status.serving_model.uri == rollout.to_uri
    if not (served and forward and serves):
        return _refused(seen, now, Verb.ROLLBACK, "the model in service is not one that this monitor rolled out")
    if status.attempt is not None:
        return _refused(seen, now, Verb.ROLLBACK, f"attempt {status.attempt.trip} is under way: hold it first")
    if seen.spec.rollout_mode is RolloutMode.OBSERVE and rollout is not None and rollout.stage is RolloutStage.KEPT:
        return _refused(
            seen, now, Verb.ROLLBACK, f"rollout.mode is Observe: set the URI to {rollout.from_uri} yourself"
        )
    return back_intent(seen, now, f"Rolled back because somebody asked for it{_by(request)}.")


_ANSWERS: Final[dict[Verb, Callable[[Observation, datetime, Request], Step]]] = {
    Verb.RESUME: _resume,
    Verb.HOLD: _hold,
    Verb.TRIP: _trip,
    Verb.APPROVE: _approve,
    Verb.REJECT: _reject,
    Verb.ROLLBACK: _roll_back,
}
