"""Who is measured: the serving model alone, or a candidate beside it, and where their predictions come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import ModelIdentity
from modelmonitor.evaluation.errors import CandidateError, ModelError, printable
from modelmonitor.evaluation.models import Model, load_model
from modelmonitor.evaluation.models.signature import summary
from modelmonitor.evaluation.scan import Needed, Rows
from modelmonitor.evaluation.score import Predictions, Predictor
from modelmonitor.evaluation.tasks import logged_predictions, rescored

UNKNOWN_MODEL: Final = "(logged predictions)"
"""The champion's URI where only its logged predictions are known: on the command line, without `--model`."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A model, and where its predictions come from."""

    identity: ModelIdentity
    predictor: Predictor
    logged: bool
    """Whether its predictions were logged with the data; else it was loaded and scores the rows here."""
    remarks: tuple[str, ...] = ()


def champion_of(given: EvaluationInput, environ: Mapping[str, str]) -> Contender:
    """The serving model.

    In a comparison it is loaded even where predictions were logged, so that both are judged by the same means; where
    it does not load, what it said at the time is as good.

    Raises:
        ModelError: when it must be loaded and cannot be.
    """
    from_column = given.data.predictions.column is not None
    if from_column and (given.contender is None or given.champion == UNKNOWN_MODEL):
        return _logged(given)
    try:
        return _rescored(load_model(given.champion, environ), given)
    except ModelError as error:
        if not from_column:
            raise
        return _logged(given, f"the champion's logged predictions are used, for it does not load: {error.message}")


def candidate_of(given: EvaluationInput, environ: Mapping[str, str]) -> Contender | None:
    """The candidate, which is always loaded; None when there is none.

    Raises:
        CandidateError: when it cannot be loaded.
    """
    if given.contender is None:
        return None
    try:
        found = _rescored(load_model(given.contender.uri, environ), given)
    except ModelError as error:
        raise CandidateError(error) from error
    return Contender(found.identity, _Candidate(found.predictor), logged=False, remarks=found.remarks)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A candidate's predictor: its errors say that they are the candidate's."""

    inner: Predictor

    @property
    def needed(self) -> tuple[Needed, ...]:
        return tuple(self.inner.needed)

    @property
    def has_scores(self) -> bool:
        return self.inner.has_scores

    def predict(self, rows: Rows) -> Predictions:
        try:
            return self.inner.predict(rows)
        except ModelError as error:
            raise CandidateError(error) from error


def _logged(given: EvaluationInput, *remarks: str) -> Contender:
    predictor = logged_predictions(given.data.columns, given.model)
    return Contender(ModelIdentity(uri=given.champion), predictor, logged=True, remarks=remarks)


def _rescored(model: Model, given: EvaluationInput) -> Contender:
    identity = ModelIdentity(
        uri=model.uri,
        digest=model.digest,
        kind=printable(model.kind)[:128],
        signature=summary(model.columns, model.classes),
    )
    return Contender(identity, rescored(model, given.model), logged=False, remarks=model.remarks)
