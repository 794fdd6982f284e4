"""What became of the actions: a failure is an outcome, not an exception, so that status is written on every path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.api.types import ConditionStatus
from modelmonitor.domain.said import Said, with_conditions


class Remedy(StrEnum):
    """What helps against a failure."""

    RETRY = "Retry"
    """Nothing but time: the API server or a webhook was not there."""
    READ_AGAIN = "ReadAgain"
    """The world was not as the decision saw it: decide again."""
    CHANGE = "Change"
    """Somebody must change something."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An action that was not done."""

    remedy: Remedy
    reason: str
    message: str


def after(
    status: ModelMonitorStatus,
    failures: Sequence[Failure],
    *,
    recorded: ModelMonitorStatus,
    generation: int,
    now: datetime,
) -> ModelMonitorStatus:
    """The status to write after the actions: what a person must change is Stalled, what time may heal is not Ready.

    A conflict is no news: the next decision sees the world as it is. The conditions that change here are compared
    with the recorded ones: `decide` knows nothing of failures and has just said Ready, and to flip from that would
    write a new transition time each time the same action fails.
    """
    telling = [failure for failure in failures if failure.remedy is not Remedy.READ_AGAIN]
    if not telling:
        return status if status == recorded else status.trimmed()
    worst = next((failure for failure in telling if failure.remedy is Remedy.CHANGE), telling[0])
    said = {"Ready": Said(ConditionStatus.FALSE, worst.reason, worst.message)}
    if worst.remedy is Remedy.CHANGE:
        said["Stalled"] = Said(ConditionStatus.TRUE, worst.reason, worst.message)
    before = {condition.type: condition for condition in status.conditions}
    before |= {condition.type: condition for condition in recorded.conditions if condition.type in said}
    told = status.model_copy(update={"conditions": with_conditions(before.values(), said, generation, now)})
    return told.trimmed()
