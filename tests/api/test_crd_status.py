"""How long a status can get: every field set, every text as long as the operator lets it be."""

import json
from string import ascii_letters
from typing import Any, Final

import pytest

from modelmonitor.api.crdgen import structural
from modelmonitor.api.evaluation import ModelEvaluationStatus
from modelmonitor.api.measuring import HEADLINES
from modelmonitor.api.record import MOST_DECISIONS, MeasuredValue
from modelmonitor.api.requests import Verb
from modelmonitor.api.result import MOST_REMARKS, Verdict
from modelmonitor.api.status import MOST_INVALID, MOST_PENDING, MOST_ROLLED_BACK, ModelMonitorStatus
from modelmonitor.api.trimming import STATUS_LIMIT, trimmed
from modelmonitor.api.types import Model
from tests.api.custom_objects import CustomObjects, Json, manifest

# Shorter than the schema's bounds: what the operator itself writes, and what a long path in an object store is like.
TEXTS: Final = {
    "uri": 128,
    "source": 128,
    "champion": 128,
    "name": 63,
    "evaluation": 52,
    "digest": 71,
    "objective": 24,
    "metric": 40,
    "reason": 24,
    "type": 16,
    "reverted": 240,
    "signature": 40,
}
ORDINARY_TEXTS: Final = {"uri": 96, "source": 96, "message": 120, "detail": 30, "before": 80, "after": 80, "by": 16}
SENTENCE: Final = TEXTS | ORDINARY_TEXTS | {"kind": 40, "changes": 64, "problem": 120}
LISTS: Final = {
    "conditions": 10,
    "metrics": HEADLINES,
    "failingWindows": 10,
    "because": 10,
    "history": MOST_DECISIONS,
    "frontiers": 2,
    "pendingWindows": MOST_PENDING,
    "invalidWindows": MOST_INVALID,
    "scores": 16,
    "findings": 16,
    "handledRequests": len(Verb),
    "rolledBackDigests": MOST_ROLLED_BACK,
    "healthyWindows": 5,
    "ownRows": 6,
    "remarks": MOST_REMARKS,
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
    "pendingWindows": 3,
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
            return ascii_letters[number] * min(schema["maxLength"], *limits, schema["maxLength"])
        case {"type": "boolean"}:
            return False
        case {"type": "integer"}:
            return schema["maximum"]
        case {"type": "number"}:
            return schema.get("maximum", 1) / 3
    raise AssertionError(f"no longest value of {schema}")


MEASURED: Final = MeasuredValue(
    name="f1{carrier=UA}", verdict=Verdict.INSUFFICIENT, value=1 / 3, low=1 / 3, high=1 / 3, level=1 / 3, min=1 / 3
)


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
    for entry in document["history"]:
        # The longest kind of decision is a rollout; what others say beside it is not about models that are moved.
        del entry["change"], entry["evidence"]["metric"]
    return ModelMonitorStatus.model_validate(document)


SELDOM: Final = (
    "comparison",
    "held",
    "askedTrip",
    "reverted",
    "guard",
    "guardReleasedAt",
    "ownRows",
    "approval",
    "recordProblem",
)
SHOWN: Final = {
    "reverted",
    "frontiers",
    "history",
    "conditions",
    "pending_windows",
    "last_evaluation",
    "last_data_evaluation",
    "last_attempt",
    "known",
    "record_problem",
}


@pytest.mark.parametrize("recorded", [True, False], ids=["all decisions in the record", "all decisions wait for it"])
@pytest.mark.parametrize("never", ["comparison", "approval"])
def test_even_the_fullest_status_fits_and_keeps_what_the_next_decision_rests_on(never: str, recorded: bool) -> None:
    full = full_status(TEXTS, never=(never,))
    full = full if recorded else full.model_copy(update={"recorded_through": 0})

    short = trimmed(full)

    assert size(full) > STATUS_LIMIT >= size(short)
    assert short.model_copy(update={name: getattr(full, name) for name in SHOWN}) == full
    assert short.last_evaluation is not None
    assert full.last_evaluation is not None
    shown = {name: getattr(full.last_evaluation, name) for name in ("metrics", "message", "report_problem")}
    assert short.last_evaluation.model_copy(update=shown) == full.last_evaluation


def test_with_texts_and_lists_of_ordinary_length_only_decisions_are_shortened_and_the_oldest_go() -> None:
    full = full_status(SENTENCE, ORDINARY, never=SELDOM)

    short = trimmed(full)

    assert 5 <= len(short.history) < len(full.history) == MOST_DECISIONS
    newest = tuple(one.in_short() for one in full.history[-len(short.history) :])
    assert short == full.model_copy(update={"history": newest})


def test_ten_decisions_fit_into_an_ordinary_status_the_newest_with_what_they_rest_on() -> None:
    """As many as `history.decisions` keeps where nobody asks for more: a rollout, and verdicts after it."""
    full = full_status(SENTENCE, ORDINARY, never=(*SELDOM, "approval", "attempt", "candidate", "measurement"))
    rollout = full.history[0]
    assert rollout.evidence is not None
    seen = rollout.evidence.model_copy(update={"comparison": None, "metric": MEASURED})
    verdict = rollout.model_copy(update={"move": None, "evidence": seen})
    ordinary = full.model_copy(update={"history": (rollout,) * 2 + (verdict,) * 8})

    kept = trimmed(ordinary).history
    assert [one.message for one in kept] == [one.message for one in ordinary.history]
    assert kept[-1] == verdict


def test_a_status_that_is_short_enough_is_not_cut() -> None:
    full = full_status(SENTENCE, ORDINARY, never=SELDOM)
    short = full.model_copy(update={"history": (), "attempt": None})

    assert trimmed(short) is short


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
    assert size(full) < 26 * 1024
