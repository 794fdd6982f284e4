"""What the evaluation asks of a model, whatever wrote it and wherever it runs."""

from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Model(Protocol):
    """A model, ready to score. Its methods raise ModelError or EndpointError when it does not."""

    @property
    def uri(self) -> str:
        """The folder that it was loaded from, or the address where it is asked."""

    @property
    def digest(self) -> str | None:
        """sha256 over names and contents of its files, `sha256:<hex>`; None where it runs somewhere else."""

    @property
    def kind(self) -> str:
        """What it is, with its version, for people: `sklearn.pipeline.Pipeline 1.9.1`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, by name and in order."""

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Texts of its classes (`classes.class_text`) in the order of probabilities.

        None for a regressor, and for a model that does not know them.
        """

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of it: another version of its library, warnings while loading."""

    @property
    def has_probabilities(self) -> bool:
        """Whether it gives probabilities, or only classes or values; with probabilities it has classes."""

    def probabilities(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes); only when `has_probabilities`.

        Args:
            batch: rows that hold its columns.
            origin: where the rows are from, for messages.
        """

    def predict(self, batch: pa.RecordBatch, origin: str) -> NDArray[Any]:
        """Class texts (objects, None where it says nothing), or values (float64); shape (rows,)."""
