"""How long a status can get: every field set, every text as long as the operator lets it be."""

import json
from typing import Any, Final

import pytest

from modelmonitor.api.crdgen import structural
from modelmonitor.api.evaluation import ModelEvaluationStatus
from modelmonitor.api.measuring import HEADLINES
from modelmonitor.api.requests import Verb
from modelmonitor.api.status import MOST_INVALID, MOST_PENDING, MOST_ROLLED_BACK, STATUS_LIMIT, ModelMonitorStatus
from modelmonitor.api.types import Model
from tests.api.custom_objects import CustomObjects, Json, manifest

# Shorter than the schema's bounds: what the operator itself writes, and what a long path in an object store is like.
TEXTS: Final = {
    "uri": 128,
    "metric": 40,
    "objective": 24,
    "reverted": 240,
    "champion": 128,
    "reason": 24,
    "type": 16,
    "name": 63,
}
SENTENCE: Final = TEXTS | {"uri": 96, "message": 120, "detail": 30}
LISTS: Final = {
    "conditions": 10,
    "metrics": HEADLINES,
    "failingWindows": 10,
    "because": 10,
    "history": 20,
    "frontiers": 2,
    "pendingWindows": MOST_PENDING,
    "invalidWindows": MOST_INVALID,
    "scores": 16,
    "findings": 16,
    "handledRequests": len(Verb),
    "rolledBackDigests": MOST_ROLLED_BACK,
    "healthyWindows": 5,
    "ownRows": 6,
    "windows": 5,
    "others": 3,
    "baselines": 4,
    "previousBaselines": 4,
}
ORDINARY: Final = LISTS | {
    "conditions": 9,
    "metrics": 3,
    "failingWindows": 2,
    "because": 2,
    "pendingWindows": 4,
    "invalidWindows": 1,
    "scores": 5,
    "handledRequests": 2,
    "rolledBackDigests": 1,
    "healthyWindows": 1,
    "ownRows": 1,
    "windows": 2,
    "others": 1,
    "baselines": 1,
    "previousBaselines": 1,
}


SECOND: Final = "2013-02-01T00:00:00Z"


def fullest(schema: Json, texts: dict[str, int], name: str = "", number: int = 0, lists: dict[str, int] = LISTS) -> Any:
    """The longest value of a schema; entries of a list differ in their letter."""
    match schema:
        case {"enum": words} if name in ("stage", "verb"):
            return words[-1 - number % len(words)]
        case {"enum": words}:
            return max(words, key=len)
        case {"properties": fields}:
            return {key: fullest(inner, texts, key, number, lists) for key, inner in fields.items()}
        case {"items": item}:
            return [fullest(item, texts, name, index, lists) for index in range(lists[name])]
        case {"type": "string", "format": "date-time"}:
            # The operator's own times are whole seconds, as are the ends of windows; those of events need not be.
            return "2013-02-01T00:00:00.123456Z" if name.lower().endswith(("through", "event", "end")) else SECOND
        case {"type": "string"}:
            limits = (limit for ending, limit in texts.items() if name.lower().endswith(ending))
            return chr(ord("a") + number) * min(schema["maxLength"], *limits, schema["maxLength"])
        case {"type": "boolean"}:
            return False
        case {"type": "integer"}:
            return schema["maximum"]
        case {"type": "number"}:
            return schema.get("maximum", 1) / 3
    raise AssertionError(f"no longest value of {schema}")


def size(document: Model) -> int:
    return len(json.dumps(document.document(), separators=(",", ":")).encode())


def full_status(
    texts: dict[str, int], lists: dict[str, int] = LISTS, *, never: tuple[str, ...] = ("comparison",)
) -> ModelMonitorStatus:
    """All but `never`: a candidate is compared, or it waits for approval."""
    document = fullest(structural(ModelMonitorStatus, defaults=False), texts, lists=lists)
    document = {name: value for name, value in document.items() if name not in never}
    if "approval" in document:
        # One that breaks a guard does not wait for approval.
        del document["approval"]["comparison"]["others"]
    for name in {"approval", "lastAttempt"} & document.keys():
        compared = document[name]["comparison"]
        for one in (compared, *compared.get("others", ())):
            # What was too little to be judged has no bounds.
            del one["counted"], one["needed"]
    # What a model is held to is kept where it is needed: a rollout has the candidate's until it has arrived.
    del document["lastAttempt"]["comparison"]["baselines"]
    del document["rollout"]["baselines"]
    if document.get("comparison"):
        document["comparison"].pop("baselines", None)
    # What serves is one of its choices: the longest.
    target = document["rollout"]["target"]
    longest = max(target, key=lambda choice: len(json.dumps(target[choice])))
    document["rollout"]["target"] = {longest: target[longest]}
    for metric in document["lastEvaluation"]["metrics"]:
        # The operator leaves it to the ModelEvaluation.
        del metric["detail"]
    return ModelMonitorStatus.model_validate(document)


SELDOM: Final = ("comparison", "held", "askedTrip", "reverted", "guard", "guardReleasedAt", "ownRows", "approval")
SHOWN: Final = {
    "reverted",
    "frontiers",
    "history",
    "conditions",
    "pending_windows",
    "last_evaluation",
    "last_data_evaluation",
    "last_attempt",
}


@pytest.mark.parametrize("never", ["comparison", "approval"])
def test_even_the_fullest_status_fits_and_keeps_what_the_next_decision_rests_on(never: str) -> None:
    full = full_status(TEXTS, never=(never,))

    trimmed = full.trimmed()

    assert size(full) > STATUS_LIMIT >= size(trimmed)
    assert trimmed.model_copy(update={name: getattr(full, name) for name in SHOWN}) == full
    assert trimmed.last_evaluation is not None
    assert full.last_evaluation is not None
    shown = {name: getattr(full.last_evaluation, name) for name in ("metrics", "message", "report_problem")}
    assert trimmed.last_evaluation.model_copy(update=shown) == full.last_evaluation


def test_with_texts_and_lists_of_ordinary_length_only_the_oldest_decisions_go() -> None:
    full = full_status(SENTENCE, ORDINARY, never=SELDOM)

    trimmed = full.trimmed()

    assert 5 <= len(trimmed.history) < len(full.history) == 20
    assert trimmed == full.model_copy(update={"history": full.history[-len(trimmed.history) :]})


def test_a_status_that_is_short_enough_is_not_cut() -> None:
    full = full_status(SENTENCE, ORDINARY, never=SELDOM)
    short = full.model_copy(update={"history": full.history[:5], "attempt": None})

    assert short.trimmed() is short


def test_the_api_server_stores_the_full_status_of_a_monitor_as_it_is(objects: CustomObjects) -> None:
    full = full_status(TEXTS)
    stored = objects.create(manifest("minimal")).stored

    answer = objects.write_status(stored, {"status": full.document()})

    assert (answer.message, answer.stored.get("status")) == ("", full.document())


def test_the_api_server_stores_the_full_status_of_an_evaluation_as_it_is(objects: CustomObjects) -> None:
    full = ModelEvaluationStatus.model_validate(fullest(structural(ModelEvaluationStatus, defaults=False), TEXTS))
    stored = objects.create(manifest("evaluation")).stored

    answer = objects.write_status(stored, {"status": full.document()})

    assert (answer.message, answer.stored.get("status")) == ("", full.document())
    # Of these there are a few for each monitor, and the operator does not keep the finished ones in memory.
    assert size(full) < 24 * 1024
