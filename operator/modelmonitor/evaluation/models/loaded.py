"""A model that was loaded into this process: foreign code, which may print, raise or answer anything."""

import contextlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.errors import EvaluationError, ModelError, one_line


@contextlib.contextmanager
def foreign_code(failed: Callable[[BaseException], EvaluationError]) -> Iterator[None]:
    """Run a model's own code.

    What it prints goes to standard error, since standard output is ours. Whatever it raises becomes the error that
    `failed` makes of it: sys.exit() in a model would otherwise end the Job with code 0, as if there were a verdict.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except EvaluationError:
        raise
    except (Exception, SystemExit) as error:
        raise failed(error) from error


@dataclass(frozen=True, kw_only=True)
class LoadedModel(ABC):
    """A model in this process; see `protocol.Model`. A format says how to ask it, the answers are checked here."""

    uri: str
    digest: str
    kind: str
    columns: tuple[str, ...]
    classes: tuple[str, ...] | None
    has_probabilities: bool
    remarks: tuple[str, ...] = ()

    def probabilities(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes)."""
        with self._answering(origin):
            found = np.asarray(self._probabilities(batch), np.float64)
        wanted = (batch.num_rows, len(self.classes or ()))
        if found.shape != wanted:
            raise ModelError(
                "ModelScoringFailed",
                f"the model in {self.uri} ({self.kind}) gave probabilities of shape {found.shape} on {origin}, where"
                f" {wanted[0]} rows and {wanted[1]} classes are {wanted}",
            )
        return found

    def predict(self, batch: pa.RecordBatch, origin: str) -> NDArray[Any]:
        """Class texts or values, shape (rows,)."""
        with self._answering(origin):
            found = np.asarray(self._predict(batch))
        if found.shape not in {(batch.num_rows,), (batch.num_rows, 1)}:
            raise ModelError(
                "ModelScoringFailed",
                f"the model in {self.uri} ({self.kind}) gave predictions of shape {found.shape} for the"
                f" {batch.num_rows} rows of {origin}; one for each row is needed",
            )
        return as_answers(found.reshape(-1), values=self.classes is None)

    @abstractmethod
    def _probabilities(self, batch: pa.RecordBatch) -> Any:
        """Ask the model; it may raise anything."""

    @abstractmethod
    def _predict(self, batch: pa.RecordBatch) -> Any:
        """Ask the model; it may raise anything."""

    def _answering(self, origin: str) -> contextlib.AbstractContextManager[None]:
        return foreign_code(
            lambda error: ModelError(
                "ModelScoringFailed",
                f"the model in {self.uri} cannot score {origin}: {one_line(error)}; are these the columns and types"
                " that it was trained on?",
            )
        )


def as_answers(found: NDArray[Any], *, values: bool) -> NDArray[Any]:
    """What a model said as class texts, or as float64 where its numbers are values and no classes."""
    if values and found.dtype.kind in "fiu":
        return found.astype(np.float64)
    texts = np.empty(found.shape, object)
    texts[:] = [class_text(value) for value in found.tolist()]
    return texts
