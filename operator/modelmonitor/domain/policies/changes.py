"""What an evaluation found to be other than before: the model's files, its kind, the data's columns, their place."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from modelmonitor.api.record import Change, Known
from modelmonitor.api.result import EvaluationResult, ModelIdentity
from modelmonitor.domain.actions import Action, Tone
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.step import Step, changed, noted


class _Found(NamedTuple):
    reason: str
    message: str
    change: Change
    tone: Tone = Tone.NORMAL


def changes(seen: Observation, now: datetime, result: EvaluationResult) -> Step:
    """Keep what the evaluation found, and record what of it is other than at the one before."""
    before = seen.status.known or Known()
    files = seen.spec.data.current.files
    after = _known(before, result, files.uri if files is not None else None)
    found = [*_mutated(seen, result.model), *_of_model(before, after), *_of_data(before, after)]
    seen = seen.with_status(changed(_digested(seen, result.model).status, known=after))
    actions: list[Action] = []
    for one in found:
        step = noted(seen, now, one.reason, one.message, tone=one.tone, change=one.change)
        seen, actions = seen.with_status(step.status), [*actions, *step.actions]
    return Step(seen.status, tuple(actions))


def _known(before: Known, result: EvaluationResult, source: str | None) -> Known:
    model, schema = result.model, result.quality.schema_changes if result.quality is not None else None
    return Known(
        kind=before.kind if model is None else model.kind or before.kind,
        signature=before.signature if model is None else model.signature or before.signature,
        schema_changes=before.schema_changes if schema is None else schema,
        source=source,
    )


def _digested(seen: Observation, model: ModelIdentity | None) -> Observation:
    """What serves is known by its digest once it was loaded."""
    serving = seen.status.serving_model
    if serving is None or model is None or model.digest is None or model.uri != serving.uri:
        return seen
    known = serving.model_copy(update={"digest": model.digest})
    return seen.with_status(changed(seen.status, serving_model=known))


def _mutated(seen: Observation, model: ModelIdentity | None) -> Iterator[_Found]:
    """A URI is written once: other files under the same one are a model that nobody has compared with anything."""
    serving = seen.status.serving_model
    if serving is None or serving.digest is None or model is None or model.digest is None or model.uri != serving.uri:
        return
    if serving.digest != model.digest:
        yield _Found(
            "ModelMutated",
            f"The files at {model.uri} have changed while it serves. Write each model to a URI of its own.",
            Change(before=serving.digest, after=model.digest),
            Tone.WARNING,
        )


def _of_model(before: Known, after: Known) -> Iterator[_Found]:
    if before.kind is not None and after.kind is not None and before.kind != after.kind:
        yield _Found(
            "ModelKindChanged",
            f"The model in service is {after.kind}, the one before was {before.kind}.",
            Change(before=before.kind, after=after.kind),
        )
    if before.signature is not None and after.signature is not None and before.signature != after.signature:
        yield _Found(
            "ModelSignatureChanged",
            f"The model in service reads {after.signature}, the one before read {before.signature}.",
            Change(before=before.signature, after=after.signature),
        )


def _of_data(before: Known, after: Known) -> Iterator[_Found]:
    if before.schema_changes != after.schema_changes:
        said = f"differ from the reference's: {after.schema_changes}" if after.schema_changes else "are the reference's"
        yield _Found(
            "SchemaChanged",
            f"The columns of the data {said}.",
            Change(before=before.schema_changes, after=after.schema_changes),
            Tone.WARNING if after.schema_changes else Tone.NORMAL,
        )
    if before.source is not None and after.source is not None and before.source != after.source:
        yield _Found(
            "SourceChanged",
            f"The data are read from {after.source}, before from {before.source}.",
            Change(before=before.source, after=after.source),
        )
