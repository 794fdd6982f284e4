"""What became of the actions: a failure is an outcome, not an exception, so that status is written on every path."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modelmonitor.api.status import ModelMonitorStatus, Phase
from modelmonitor.api.trimming import trimmed
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
    WAIT = "Wait"
    """It is not its turn."""


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
        return status if status == recorded else trimmed(status)
    if all(failure.remedy is Remedy.WAIT for failure in telling):
        return trimmed(_queued(status, telling[0], recorded=recorded, generation=generation, now=now))
    worst = next((failure for failure in telling if failure.remedy is Remedy.CHANGE), telling[0])
    said = {"Ready": Said(ConditionStatus.FALSE, worst.reason, worst.message)}
    if worst.remedy is Remedy.CHANGE:
        said["Stalled"] = Said(ConditionStatus.TRUE, worst.reason, worst.message)
    before = {condition.type: condition for condition in status.conditions}
    before |= {condition.type: condition for condition in recorded.conditions if condition.type in said}
    told = status.model_copy(update={"conditions": with_conditions(before.values(), said, generation, now)})
    return trimmed(told)


def _queued(
    status: ModelMonitorStatus, failure: Failure, *, recorded: ModelMonitorStatus, generation: int, now: datetime
) -> ModelMonitorStatus:
    """A monitor whose turn it is not is as ready as before, unless something is wrong, and says what it waits for."""
    ready = next((one for one in status.conditions if one.type == "Ready"), None)
    if ready is None or ready.status is ConditionStatus.FALSE:
        return status
    said = {"Ready": Said(ready.status, failure.reason, failure.message)}
    before = {condition.type: condition for condition in status.conditions}
    before |= {condition.type: condition for condition in recorded.conditions if condition.type in said}
    conditions = with_conditions(before.values(), said, generation, now)
    return status.model_copy(update={"conditions": conditions, "phase": Phase.QUEUED})
