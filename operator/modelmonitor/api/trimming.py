"""A status stays short: what it can spare is left out, the least important first.

Ten thousand monitors with longer ones would not fit into the operator's memory, nor be watched in a second.
"""

import json
from collections.abc import Callable
from typing import Final, TypeVar

from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.api.types import Model

STATUS_LIMIT: Final = 16 * 1024

# Of a status that is too long so many decisions, and so much of a text, are worth more than what is left out later.
_KEPT_DECISIONS: Final = 5
_SHORT: Final = 48

_Part = TypeVar("_Part", bound=Model)
_Shorter = Callable[[ModelMonitorStatus], ModelMonitorStatus | None]


def trimmed(status: ModelMonitorStatus) -> ModelMonitorStatus:
    """With a JSON of at most `STATUS_LIMIT` bytes.

    Old decisions go first, then what is only shown, then decisions that wait for the record, the oldest first. Of what
    the next decision rests on nothing is ever left out.
    """
    while _size(status) > STATUS_LIMIT:
        shorter = next(filter(None, (step(status) for step in _STEPS)), None)
        if shorter is None:
            break
        status = shorter
    return status


def _size(status: ModelMonitorStatus) -> int:
    return len(json.dumps(status.document(), separators=(",", ":"), ensure_ascii=False).encode())


def _recorded(status: ModelMonitorStatus) -> int:
    """How many of the decisions, which are the oldest, need not be written into the record any more."""
    return len(status.history) - len(status.waiting_decisions)


def _details(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    """Without what the oldest decision that has more than a sentence rests on."""
    for place, one in enumerate(status.history[: _recorded(status)]):
        if one != one.in_short():
            history = (*status.history[:place], one.in_short(), *status.history[place + 1 :])
            return status.model_copy(update={"history": history})
    return None


def _old_decision(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    return _decision(status) if len(status.history) > _KEPT_DECISIONS else None


def _decision(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    return _waiting_decision(status) if _recorded(status) else None


def _waiting_decision(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    return status.model_copy(update={"history": status.history[1:]}) if status.history else None


def _drift_score(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    data = status.last_data_evaluation
    if data is None or data.drift is None or not data.drift.scores:
        return None
    drift = data.drift.model_copy(update={"scores": data.drift.scores[:-1]})
    return status.model_copy(update={"last_data_evaluation": data.model_copy(update={"drift": drift})})


def _pending_window(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    fewer = status.pending_windows[:-1]
    return status.model_copy(update={"pending_windows": fewer}) if status.pending_windows else None


def _metric(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    latest = status.last_evaluation
    if latest is None or not latest.metrics:
        return None
    fewer = latest.model_copy(update={"metrics": latest.metrics[:-1]})
    return status.model_copy(update={"last_evaluation": fewer})


def _brief(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    """With nothing but the beginnings of what it tells people."""
    data, latest, attempt = status.last_data_evaluation, status.last_evaluation, status.last_attempt
    quality = data.quality if data is not None else None
    brief = _cut(status, "reverted", "record_problem").model_copy(
        update={
            "conditions": tuple(_cut(one, "message") for one in status.conditions),
            "frontiers": tuple(
                one.model_copy(update={"trouble": _cut(one.trouble, "message")}) if one.trouble is not None else one
                for one in status.frontiers
            ),
            "last_evaluation": _cut(latest, "message", "report_problem") if latest is not None else None,
            "last_data_evaluation": None
            if data is None
            else _cut(data, "message").model_copy(
                update={"quality": _cut(quality, "message") if quality is not None else None}
            ),
            "last_attempt": _cut(attempt, "message") if attempt is not None else None,
        }
    )
    return brief if brief != status else None


def _cut(part: _Part, *names: str) -> _Part:
    """A part of a status with the beginnings of its texts."""
    texts = {name: getattr(part, name) for name in names}
    return part.model_copy(update={name: text[:_SHORT] for name, text in texts.items() if text})


def _known(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    return status.model_copy(update={"known": None}) if status.known is not None else None


def _comparison(status: ModelMonitorStatus) -> ModelMonitorStatus | None:
    """Last of all: a rollout that is under way is proven by it."""
    last = status.last_attempt
    if last is None or last.comparison is None:
        return None
    return status.model_copy(update={"last_attempt": last.model_copy(update={"comparison": None})})


_STEPS: Final[tuple[_Shorter, ...]] = (
    _details,
    _old_decision,
    _drift_score,
    _pending_window,
    _metric,
    _decision,
    _brief,
    _known,
    _waiting_decision,
    _comparison,
)
