"""From an answer of the API server to what it means for the monitor, in words that say what to do."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.domain.actions import (
    Action,
    CreateServing,
    DeleteEvaluation,
    DeleteJob,
    Explain,
    FinishEvaluation,
    PatchServing,
    StartEvaluation,
    StartTraining,
)
from modelmonitor.domain.outcomes import Failure, Remedy
from modelmonitor.domain.reasons import reason
from modelmonitor.kube.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
)
from modelmonitor.serving.targets import kind_of

_DOING: Final[dict[type[Action], str]] = {
    StartEvaluation: "create the evaluation Job",
    StartTraining: "create the training Job",
    DeleteJob: "delete a finished Job",
    FinishEvaluation: "write the ModelEvaluation",
    DeleteEvaluation: "delete an old ModelEvaluation",
    Explain: "read Events",
}
_CORRECT: Final[dict[type[Action], str]] = {
    StartEvaluation: " Correct spec.jobs.",
    StartTraining: " Correct spec.retrain.jobTemplate.",
}


def failure_of(action: Action, error: ApiError, *, account: str) -> Failure:
    """What an error means, with a reason that a program and a message that a person can use.

    Args:
        action: What was tried.
        error: What the API server said.
        account: The user name of the monitor's account, in whose name it was tried.
    """
    doing = _doing(action)
    if isinstance(error, ForbiddenError):
        return Failure(Remedy.CHANGE, "Forbidden", _forbidden(doing, error.message, account))
    if isinstance(error, RefusedError):
        correct = "" if error.reason == "NameTaken" else _CORRECT.get(type(action), "")
        message = f"Refused to {doing}: {error.message}"
        return Failure(Remedy.CHANGE, reason(error.reason, "Refused"), f"{message.rstrip('.')}.{correct}")
    if isinstance(error, ConflictError | AlreadyExistsError | NotFoundError):
        return Failure(Remedy.READ_AGAIN, "Conflict", error.message)
    why = "QuotaExceeded" if "exceeded quota" in error.message else "ApiServerUnavailable"
    return Failure(Remedy.RETRY, why, f"Could not {doing}, it is tried again: {error.message}")


def steadied(failures: Iterable[Failure], recorded: ModelMonitorStatus) -> tuple[Failure, ...]:
    """The failures, in the words in which the status tells of them already.

    What is only tried again says something else each time: a port number, a count. Each change would be a write, each
    write an event, each event another try at once, and the pauses between tries would be none.
    """
    told = {one.reason: one.message for one in recorded.conditions if one.type == "Ready"}
    return tuple(
        replace(one, message=told.get(one.reason, one.message)) if one.remedy is Remedy.RETRY else one
        for one in failures
    )


def _doing(action: Action) -> str:
    match action:
        case PatchServing():
            return f"patch the {kind_of(action.rollout.target)}"
        case CreateServing():
            return f"create the {kind_of(action.target)}"
    return _DOING.get(type(action), "do its work")


def _forbidden(doing: str, message: str, account: str) -> str:
    """Three parties may lack a right; who is named in the message must get it."""
    if "impersonate" in message:
        return (
            f"The operator may not act as this monitor's account to {doing}: {message}. Name an account in "
            "spec.serviceAccountName that the operator's chart allows (operator.accounts, operator.namespaces)."
        )
    if f'"{account}"' in message:
        return (
            f"The monitor's account may not {doing}: {message}. Grant it that right (ClusterRole modelmonitor-tenant "
            "has what is needed), or name another account in spec.serviceAccountName."
        )
    if "User " in message:
        return f"The operator may not {doing}: {message}. Install its chart anew, which grants what it needs."
    # Not a missing right: a policy of the cluster refuses it, whoever asks.
    return f"The cluster does not let anybody {doing} like this: {message}. Ask who runs the cluster."
