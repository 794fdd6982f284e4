"""A model that runs on a server, as a `models.Model`: it is asked for some rows at a time, several times at once."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.api.metric_names import Task
from modelmonitor.api.monitor import Columns, FromEndpoint, ModelSpec
from modelmonitor.evaluation.endpoint.asking import Asker
from modelmonitor.evaluation.endpoint.client import Client, token_of
from modelmonitor.evaluation.endpoint.metadata import Metadata, metadata_of, server_of
from modelmonitor.evaluation.endpoint.outputs import PREDICT, PROBABILITIES, Meaning, meaning_of
from modelmonitor.evaluation.endpoint.tensors import Answered
from modelmonitor.evaluation.errors import EndpointError, InputError
from modelmonitor.evaluation.models.order import check_order
from modelmonitor.evaluation.sample import Sample

# The classes of a model are seen in these, and whether its floats are classes or scores.
_ASKED_FIRST: Final = 256
_INCLUDE: Final = "data.columns.features.include"
# Scores of 32 bits may be that much above 1.
_ROUNDING: Final = 1e-6


class EndpointModel:
    """A server's model; see `models.Model`."""

    digest: Final = None

    def __init__(self, asker: Asker, meaning: Meaning, kind: str, remarks: tuple[str, ...] = ()) -> None:
        """What its answers mean is known already.

        Args:
            asker: puts rows to the server.
            meaning: of the server's outputs.
            kind: what it is, for people.
            remarks: what a person should know of it.
        """
        self._asker: Final = asker
        self._meaning: Final = meaning
        self.uri: Final = asker.url
        self.kind: Final = kind
        self.columns: Final = asker.columns
        self.classes: Final = meaning.classes
        self.remarks: Final = remarks
        self.has_probabilities: Final = meaning.probabilities is not None

    def probabilities(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes); EndpointError when it gives none."""
        name, classes = self._meaning.probabilities or "", self.classes or ()
        answers = self._asker.ask(batch)
        found = np.concatenate([one.output(name, self._meaning.width).numbers() for one in answers])
        outside = found[~((found >= -_ROUNDING) & (found <= 1 + _ROUNDING))]
        if outside.size:
            raise EndpointError(
                "EndpointAnswerInvalid",
                f"{self.uri} gave the score {outside[0]:g} on {origin} ({name}); a score is a probability between 0 and"
                " 1",
            )
        scores = np.clip(found, 0.0, 1.0)
        probabilities = np.column_stack([1 - scores, scores]) if self._meaning.width == 1 else scores
        if self._meaning.label is not None and not self._meaning.told:
            check_order(self.uri, classes, probabilities, self._labels(answers))
        return probabilities

    def predict(self, batch: pa.RecordBatch, origin: str) -> NDArray[Any]:
        """Class texts or values, shape (rows,); EndpointError when it gives none."""
        if self._meaning.value is not None:
            values = [one.output(self._meaning.value, 1).numbers() for one in self._asker.ask(batch)]
            found: NDArray[np.float64] = np.concatenate(values)[:, 0]
            return found
        texts: NDArray[Any] = np.empty(batch.num_rows, object)
        if self._meaning.label is not None:
            texts[:] = self._labels(self._asker.ask(batch))
        else:
            texts[:] = np.asarray(self.classes, object)[self.probabilities(batch, origin).argmax(axis=1)]
        return texts

    def _labels(self, answers: list[Answered]) -> list[str | None]:
        return [text for one in answers for text in one.output(self._meaning.label or "", 1).classes()]


def endpoint_model(
    endpoint: FromEndpoint,
    spec: ModelSpec,
    columns: Columns,
    sample: Sample,
    environ: Mapping[str, str],
    client: Client | None = None,
) -> EndpointModel:
    """The model that a server runs: it is asked what it is, and for some rows of the window.

    Args:
        endpoint: where it is.
        spec: the model that is monitored.
        columns: which columns are features, where the server does not name its inputs.
        sample: rows of the window.
        environ: where the token is.
        client: asks over HTTP; else one that the endpoint's fields and the environment say.

    Raises:
        EndpointError: when it cannot be reached, refuses, or its answers cannot be what the task needs.
        InputError: when the token is missing, or the order of columns is nobody's to say.
        DataError: when a column that it wants is missing.
    """
    client = client or Client(endpoint.timeout.total_seconds(), token_of(endpoint.secret_name, environ))
    server = f"{endpoint.url.rstrip('/')}/v2"
    url = f"{server}/models/{endpoint.model}"
    metadata = metadata_of(client, url)
    names = _columns(metadata, columns, sample, url)
    asker = Asker(client, url, metadata, names, endpoint.batch_rows)
    first = sample.rows(f"the inputs of {url}", names, min(endpoint.batch_rows, _ASKED_FIRST)) if names else None
    meaning = Meaning() if first is None else _meaning(asker, first, endpoint, spec)
    by = server_of(client, server)
    kind = " ".join(part for part in ("Endpoint", endpoint.model, metadata.version, by and f"({by})") if part)
    shown = f"{', '.join(names[:8])}{', …' if len(names) > 8 else ''}"
    remarks = (
        [] if metadata.inputs or not names else [f"{url} does not name its inputs and is sent the features: {shown}"]
    )
    if asker.by is not None and asker.by.name not in {"", endpoint.model}:
        remarks.append(f"{url} answers as the model {asker.by.name}")
    if asker.refusal and meaning.probabilities is None:
        remarks.append(f"it gives no probabilities: {asker.refusal}")
    return EndpointModel(asker, meaning, kind, tuple(remarks))


def _meaning(asker: Asker, first: pa.RecordBatch, endpoint: FromEndpoint, spec: ModelSpec) -> Meaning:
    by_name = () if spec.task is Task.REGRESSION else (PROBABILITIES, PREDICT)
    return meaning_of(asker.ask_first(first, by_name), endpoint, spec, asker.url)


def _columns(metadata: Metadata, columns: Columns, sample: Sample, url: str) -> tuple[str, ...]:
    if metadata.columns:
        return tuple(one.name for one in metadata.columns)
    if (matrix := metadata.matrix) is None:
        return sample.features(columns)
    included = columns.features.include if columns.features is not None else None
    if included is None or (matrix.width and matrix.width != len(included)):
        wanted = f"{matrix.width} columns" if matrix.width else "its columns"
        raise InputError(
            "EndpointColumnsUnknown",
            f"{url} takes one tensor ({matrix.name}) of {wanted}, whose order it does not say; list them in their order"
            f" in {_INCLUDE}{f' ({len(included)} are listed)' if included else ''}",
        )
    return included
