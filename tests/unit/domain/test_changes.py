"""What an evaluation found to be other than before is a decision of its own, with before and after."""

from typing import Any

import pytest

from modelmonitor.api.record import Change, HistoryEntry, Known
from modelmonitor.api.result import Comparison, Look, ModelIdentity, QualityResult, Verdict
from modelmonitor.api.status import ServingModel
from modelmonitor.domain.decision import decide
from tests.unit.domain.expectations import case, settled
from tests.unit.domain.worlds import OLD, A, B, C, World, week, world

PIPELINE = "sklearn.pipeline.Pipeline 1.9.1"
OLD_A = ModelIdentity(uri=A, digest="sha256:old", kind=PIPELINE, signature="12 columns, 2 classes (aa)")
NEW_A = OLD_A.model_copy(update={"digest": "sha256:new"})
BOOSTER = OLD_A.model_copy(update={"uri": B, "digest": "sha256:b", "kind": "xgboost.Booster binary:logistic 3.1"})
WIDER = OLD_A.model_copy(update={"uri": B, "digest": "sha256:b", "signature": "13 columns, 2 classes (bb)"})
SERVES_A = ServingModel(uri=A, digest="sha256:old", since=OLD)
SOURCE = "s3://lake/flights/"


def known(model: ModelIdentity | None = OLD_A, serving: ServingModel = SERVES_A, **fields: Any) -> World:
    """An evaluation before this one has found that, and this one runs."""
    loaded = {"kind": model.kind, "signature": model.signature} if model is not None else {}
    before = Known(**loaded, source=SOURCE, **fields)
    seen = world().looking_at_data().knowing(known=before, serving_model=serving)
    return seen.judged(Verdict.PASS).live(uri=serving.uri).measuring(model=serving.uri)


def serving_b(model: ModelIdentity = OLD_A) -> World:
    return known(model, ServingModel(uri=B, since=OLD))


def schema(text: str | None) -> QualityResult:
    return QualityResult(verdict=Verdict.WARN, schema_changes=text)


def told(seen: World) -> list[HistoryEntry]:
    """What is recorded of changes."""
    found = decide(seen.seen, seen.now).status.history
    return [one for one in found if one.change is not None]


@pytest.mark.parametrize(
    ("seen", "reason", "change"),
    [
        case(
            "other files under the same URI",
            known().found_verdict(Verdict.PASS, model=NEW_A),
            "ModelMutated",
            Change(before="sha256:old", after="sha256:new"),
        ),
        case(
            "other files under the same URI, found by a comparison",
            world()
            .comparing()
            .knowing(serving_model=SERVES_A, known=Known(kind=PIPELINE, source=SOURCE))
            .compared(Comparison.NOT_BETTER, model=NEW_A),
            "ModelMutated",
            Change(before="sha256:old", after="sha256:new"),
        ),
        case(
            "other files than those that were compared before the rollout",
            known(OLD_A, ServingModel(uri=B, digest="sha256:compared", since=OLD)).found_verdict(
                Verdict.PASS, model=OLD_A.model_copy(update={"uri": B, "digest": "sha256:b"})
            ),
            "ModelMutated",
            Change(before="sha256:compared", after="sha256:b"),
        ),
        case(
            "another class of model serves",
            serving_b().found_verdict(Verdict.PASS, model=BOOSTER),
            "ModelKindChanged",
            Change(before=PIPELINE, after="xgboost.Booster binary:logistic 3.1"),
        ),
        case(
            "a model with another signature serves",
            serving_b().found_verdict(Verdict.PASS, model=WIDER),
            "ModelSignatureChanged",
            Change(before="12 columns, 2 classes (aa)", after="13 columns, 2 classes (bb)"),
        ),
        case(
            "the data have other columns",
            known().found_verdict(Verdict.PASS, quality=schema("added gate")),
            "SchemaChanged",
            Change(before="", after="added gate"),
        ),
        case(
            "they have those of the reference again",
            known(schema_changes="added gate").found_verdict(Verdict.PASS, quality=schema("")),
            "SchemaChanged",
            Change(before="added gate", after=""),
        ),
        case(
            "they are read from another place",
            known()
            .spec(data={"current": {"files": {"uri": "s3://lake/flights-v2/"}}})
            .found_verdict(Verdict.PASS, model=OLD_A),
            "SourceChanged",
            Change(before=SOURCE, after="s3://lake/flights-v2/"),
        ),
    ],
)
def test_a_change_is_recorded_with_before_and_after(seen: World, reason: str, change: Change) -> None:
    (found,) = told(seen)
    assert (found.reason, found.change) == (reason, change)
    assert found.evidence is not None
    assert found.evidence.windows == (week(16),)
    assert found.evidence.evaluation == seen.wanted_job()[0]


@pytest.mark.parametrize(
    "seen",
    [
        case("the same model and the same data", known().found_verdict(Verdict.PASS, model=OLD_A, quality=schema(""))),
        case("a model that nobody loaded", known().found_verdict(Verdict.PASS, model=ModelIdentity(uri=A))),
        case("data that nobody looked at", known(schema_changes="added gate").found_verdict(Verdict.PASS)),
        case(
            "a schema that was not compared",
            known(schema_changes="added gate").found_verdict(Verdict.PASS, quality=schema(None)),
        ),
        case(
            "the first model that is loaded",
            known(None, ServingModel(uri=A, since=OLD)).found_verdict(Verdict.PASS, model=OLD_A),
        ),
        case("another model of the same kind", serving_b().found_verdict(Verdict.PASS, model=NEW_A)),
        case("a look that found no verdict", known().found(Look.OPEN, model=NEW_A)),
        case("a look that could not measure", known().erred(None, "DataMissing", model=NEW_A)),
    ],
)
def test_no_change_is_recorded(seen: World) -> None:
    assert told(seen) == []


def test_what_was_found_is_known_at_the_next_evaluation() -> None:
    seen = serving_b().found_verdict(Verdict.PASS, model=BOOSTER, quality=schema("added gate"))
    status = settled(seen)
    assert status.known == Known(
        kind=BOOSTER.kind, signature=BOOSTER.signature, schema_changes="added gate", source=SOURCE
    )
    assert status.serving_model is not None
    assert status.serving_model.digest == "sha256:b"


def test_a_change_is_recorded_once() -> None:
    seen = known().found_verdict(Verdict.PASS, model=NEW_A)
    after = seen.recording(settled(seen)).without_finished_jobs()
    again = after.measuring(week(17)).found_verdict(Verdict.PASS, model=NEW_A)
    assert [one.reason for one in told(again)] == ["ModelMutated"]


def test_the_first_verdict_on_a_model_is_recorded_also_when_it_is_the_same_as_before() -> None:
    seen = world().judged(Verdict.PASS, model=C).measuring().found_verdict(Verdict.PASS)
    assert [one.reason for one in decide(seen.seen, seen.now).status.history] == ["Pass"]
