"""The end of an attempt without a better model in service, and the rest after it."""

from datetime import datetime, timedelta
from typing import Final

from modelmonitor.api.result import ComparisonResult
from modelmonitor.api.status import AttemptOutcome, LastAttempt
from modelmonitor.domain.actions import Tone
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.side_by_side import without_baselines
from modelmonitor.domain.step import Step, backoff, noted

_COOLDOWN: Final = timedelta(hours=24)
_LONGEST: Final = 8
"""So many times as long as the first rest is the longest."""


def rest_until(seen: Observation, now: datetime) -> datetime:
    """No new attempt before this: what did not help will not help at once, and less so each time."""
    first = seen.spec.retrain.cooldown if seen.spec.retrain else _COOLDOWN
    return now + backoff(max(seen.status.attempts, 1), first=first, most=_LONGEST * first)


def ended(
    seen: Observation,
    now: datetime,
    outcome: AttemptOutcome,
    message: str,
    comparison: ComparisonResult | None = None,
) -> Step:
    """The attempt is over and the champion stays: wait before the next one."""
    return noted(
        seen,
        now,
        outcome,
        message,
        tone=Tone.WARNING,
        attempt=None,
        candidate=None,
        comparison=None,
        approval=None,
        cooldown_ends=rest_until(seen, now),
        # Without a candidate nothing was learned of these windows: after the cooldown they are reason enough to try
        # again. Else an image that could not be pulled costs another whole window of a bad model.
        last_trip_window=None if outcome is AttemptOutcome.TRAINING_FAILED else seen.status.last_trip_window,
        last_attempt=LastAttempt(
            trip=seen.status.trips,
            outcome=outcome,
            message=message,
            comparison=without_baselines(comparison),
            ended_at=now,
        ),
    )
