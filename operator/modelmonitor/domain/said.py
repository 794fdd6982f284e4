"""What one condition says, and the list of all of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from modelmonitor.api.status import Condition
from modelmonitor.api.types import ConditionStatus
from modelmonitor.domain.reasons import reason


class Said(NamedTuple):
    """What one condition says."""

    status: ConditionStatus
    reason: str
    message: str = ""


def with_conditions(
    before: Iterable[Condition], said: dict[str, Said], generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Conditions by name; the transition time moves only when the status flips."""
    known = {condition.type: condition for condition in before}
    for name, (status, why, message) in said.items():
        old = known.get(name)
        since = old.last_transition_time if old is not None and old.status is status else now
        known[name] = Condition(
            type=name,
            status=status,
            reason=reason(why, "Unknown"),
            message=message,
            last_transition_time=since,
            observed_generation=generation,
        )
    return tuple(known.values())
