"""Who is measured: the serving model alone, or a candidate beside it, and where their predictions come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import MOST_REMARKS, ModelIdentity
from modelmonitor.evaluation.endpoint import endpoint_model
from modelmonitor.evaluation.errors import CandidateError, ModelError, printable
from modelmonitor.evaluation.models import Model, load_model
from modelmonitor.evaluation.models.signature import summary
from modelmonitor.evaluation.sample import Sample
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
    """Whether its predictions were logged with the data; else it scores the rows now."""
    remarks: tuple[str, ...] = ()


def champion_of(given: EvaluationInput, environ: Mapping[str, str], sample: Sample) -> Contender:
    """The serving model.

    In a comparison it is loaded even where predictions were logged, or are those of an endpoint, so that both are
    judged by the same means; where it does not load, what it says in service is as good.

    Raises:
        ModelError: when it must be loaded and cannot be.
        EndpointError: when it must be asked and does not answer.
    """
    in_service = given.data.predictions.model is None
    if in_service and (given.contender is None or not _is_known(given)):
        return _in_service(given, environ, sample)
    try:
        return _rescored(load_model(given.champion, environ), given)
    except ModelError as error:
        if not in_service:
            raise
        how = "logged predictions are" if given.data.predictions.column is not None else "endpoint is"
        remark = f"the champion's {how} used, for it does not load: {error.message}"
        return _in_service(given, environ, sample, remark)


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


def _is_known(given: EvaluationInput) -> bool:
    """Whether the champion has a URI: on the command line it need not."""
    endpoint = given.data.predictions.endpoint
    return given.champion != UNKNOWN_MODEL and (endpoint is None or given.champion != endpoint.url)


def _in_service(given: EvaluationInput, environ: Mapping[str, str], sample: Sample, *remarks: str) -> Contender:
    """The champion by what it said, or says, in service."""
    data = given.data
    if data.predictions.endpoint is None:
        predictor = logged_predictions(data.columns, given.model)
        return Contender(_identity(given.champion, remarks=remarks), predictor, logged=True, remarks=remarks)
    model = endpoint_model(data.predictions.endpoint, given.model, data.columns, sample, environ)
    told = (*remarks, *model.remarks)
    identity = _identity(given.champion, kind=model.kind, remarks=told)
    return Contender(identity, rescored(model, given.model), logged=False, remarks=told)


def _rescored(model: Model, given: EvaluationInput) -> Contender:
    signature = summary(model.columns, model.classes)
    identity = _identity(model.uri, model.digest, model.kind, model.remarks, signature=signature)
    return Contender(identity, rescored(model, given.model), logged=False, remarks=model.remarks)


def _identity(
    uri: str,
    digest: str | None = None,
    kind: str | None = None,
    remarks: Sequence[str] = (),
    *,
    signature: str | None = None,
) -> ModelIdentity:
    told = tuple(printable(remark) for remark in remarks[:MOST_REMARKS])
    return ModelIdentity(uri=uri, digest=digest, kind=kind and printable(kind), signature=signature, remarks=told)
