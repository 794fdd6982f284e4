"""The intents of a rollout and their ends: written into the status first, carried out by the next decision."""

from dataclasses import dataclass
from datetime import datetime

from modelmonitor.api.result import ComparisonResult, Window
from modelmonitor.api.status import (
    MOST_ROLLED_BACK,
    AttemptOutcome,
    Direction,
    LastAttempt,
    RolloutStage,
    RolloutStatus,
    ServingModel,
)
from modelmonitor.domain.actions import Tone
from modelmonitor.domain.observation import Observation, Problem
from modelmonitor.domain.policies.ends import rest_until
from modelmonitor.domain.side_by_side import without_baselines
from modelmonitor.domain.step import Step, noted


def next_id(seen: Observation) -> int:
    """An id that neither the status nor the live object has seen: after a restored backup the live one is ahead."""
    known = seen.status.rollout.id if seen.status.rollout else 0
    live = 0 if isinstance(seen.serving, Problem) else seen.serving.rollout_id
    return max(known, live) + 1


@dataclass(frozen=True, slots=True)
class Promotion:
    """A candidate that may serve, and why: better on the rows of a window, and approved where somebody had to."""

    candidate: str
    digest: str | None
    window: Window
    measured: ComparisonResult
    approved_by: str = ""


def forward_intent(seen: Observation, now: datetime, promotion: Promotion, *, message: str) -> Step:
    """The candidate is to serve."""
    status, serving = seen.status, seen.status.serving_model
    assert serving is not None  # noqa: S101 - a comparison needs a serving model
    rollout = RolloutStatus(
        id=next_id(seen),
        direction=Direction.FORWARD,
        stage=RolloutStage.PROGRESSING,
        target=seen.spec.model.serving,
        from_uri=serving.uri,
        to_uri=promotion.candidate,
        candidate_digest=promotion.digest,
        champion_digest=serving.digest,
        baselines=promotion.measured.baselines,
        approved_by=promotion.approved_by,
        started_at=now,
        deadline=now + seen.rollout_spec.progress_deadline,
        # Rows that are scored anew in the Job can be judged as soon as they are newer than the comparison's; logged
        # predictions are the new model's only from the moment it serves.
        verify_from=None if seen.spec.data.predictions.column else promotion.window.end,
    )
    promoted = LastAttempt(
        trip=status.trips,
        outcome=AttemptOutcome.PROMOTED,
        message=message,
        comparison=without_baselines(promotion.measured),
        ended_at=now,
    )
    return noted(
        seen, now, "RollingOut", message, rollout=rollout, comparison=None, approval=None, last_attempt=promoted
    )


def back_intent(seen: Observation, now: datetime, message: str, measured: ComparisonResult | None = None) -> Step:
    """The model that served just before this rollout is to serve again. That needs no proof."""
    status, rollout = seen.status, seen.status.rollout
    assert rollout is not None  # noqa: S101 - called while one is under way
    back = rollout.model_copy(
        update={
            "id": next_id(seen),
            "direction": Direction.BACK,
            "stage": RolloutStage.PROGRESSING,
            "from_uri": rollout.to_uri,
            "to_uri": rollout.from_uri,
            "started_at": now,
            "patched_at": None,
            "deadline": now + (rollout.deadline - rollout.started_at),
        }
    )
    failed = LastAttempt(
        trip=status.trips,
        outcome=AttemptOutcome.ROLLOUT_FAILED,
        message=message,
        comparison=without_baselines(measured) or (status.last_attempt.comparison if status.last_attempt else None),
        ended_at=now,
    )
    return noted(
        seen,
        now,
        "RollingBack",
        message,
        tone=Tone.WARNING,
        rollout=back,
        attempt=None,
        candidate=None,
        comparison=None,
        last_attempt=failed,
    )


def kept(seen: Observation, now: datetime, outcome: AttemptOutcome, message: str) -> Step:
    """The new model stays; the rollout is over."""
    status, rollout = seen.status, seen.status.rollout
    assert rollout is not None  # noqa: S101 - called while one is verified
    last = status.last_attempt
    bad = outcome is AttemptOutcome.STILL_FAILING
    return noted(
        seen,
        now,
        outcome,
        message,
        tone=Tone.WARNING if bad else Tone.NORMAL,
        rollout=rollout.model_copy(update={"stage": RolloutStage.KEPT}),
        comparison=None,
        cooldown_ends=rest_until(seen, now) if bad else None,
        last_attempt=LastAttempt(
            trip=status.trips,
            outcome=outcome,
            message=message,
            comparison=last.comparison if last else None,
            ended_at=now,
        ),
    )


def arrived(seen: Observation, now: datetime, rollout: RolloutStatus) -> Step:
    """Every pod of the target runs the wanted model. Counting begins anew: it is another model."""
    status = seen.status
    forward, before = rollout.direction is Direction.FORWARD, status.serving_model
    served = rollout.previous_baselines, rollout.previous_digest
    if not forward and before is not None and before.uri == rollout.to_uri:
        # Turned back before it had arrived: it serves on.
        served = before.baselines, before.baseline_digest
    serving = ServingModel(
        uri=rollout.to_uri,
        digest=rollout.to_digest,
        since=now,
        since_event=status.data_through,
        baselines=rollout.baselines if forward else served[0],
        baseline_digest=rollout.candidate_digest if forward else served[1],
    )
    if forward:
        verify_from = rollout.verify_from or status.data_through
        return noted(
            seen,
            now,
            "Promoted",
            f"{rollout.to_uri} serves in place of {rollout.from_uri}.",
            serving_model=serving.model_copy(update={"digest": rollout.candidate_digest}),
            rollout=rollout.model_copy(
                update={
                    "stage": RolloutStage.VERIFYING,
                    "verify_from": verify_from,
                    "baselines": (),
                    "previous_baselines": before.baselines if before is not None else (),
                    "previous_digest": before.baseline_digest if before is not None else None,
                }
            ),
            failing_windows=(),
            healthy_windows=(),
            own_rows=(),
            attempt=None,
            candidate=None,
            comparison=None,
        )
    known = status.rolled_back_digests
    bad = (rollout.candidate_digest,) if rollout.candidate_digest and rollout.candidate_digest not in known else ()
    message = f"{rollout.to_uri} serves again in place of {rollout.from_uri}."
    last = status.last_attempt
    return noted(
        seen,
        now,
        "RolledBack",
        message,
        tone=Tone.WARNING,
        serving_model=serving,
        rollout=rollout.model_copy(update={"stage": RolloutStage.ROLLED_BACK}),
        failing_windows=(),
        healthy_windows=(),
        own_rows=(),
        cooldown_ends=rest_until(seen, now),
        rolled_back_digests=(*status.rolled_back_digests, *bad)[-MOST_ROLLED_BACK:],
        last_attempt=LastAttempt(
            trip=status.trips,
            outcome=AttemptOutcome.ROLLED_BACK,
            message=f"{last.message} {message}" if last else message,
            comparison=last.comparison if last else None,
            ended_at=now,
        ),
    )
