"""LightGBM's own format, `model.txt`: a Booster."""

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from modelmonitor.evaluation.errors import ModelError, one_line
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.models.libraries import library
from modelmonitor.evaluation.models.loaded import LoadedModel, foreign_code
from modelmonitor.evaluation.models.signature import Signature, classes_of, columns_of
from modelmonitor.evaluation.models.tables import frame_with_categories

_OBJECTIVE: Final = re.compile(r"^objective=(\S+)", re.MULTILINE)
_CLASSIFIERS: Final = frozenset({"binary", "cross_entropy", "multiclass", "multiclassova"})
# LightGBM reads a text that ends too early beyond its end; its writer puts this after the last tree.
_END: Final = "end of trees"


@dataclass(frozen=True, kw_only=True)
class LightGBMModel(LoadedModel):
    """A Booster. Without names of its own, its classes are "0", "1" and so on."""

    booster: Any

    def _probabilities(self, batch: pa.RecordBatch) -> Any:
        found = np.asarray(self.booster.predict(frame_with_categories(batch, self.columns)))
        return np.column_stack([1 - found, found]) if found.ndim == 1 else found

    def _predict(self, batch: pa.RecordBatch) -> Any:
        if self.classes is None:
            return self.booster.predict(frame_with_categories(batch, self.columns))
        return np.asarray(self.classes, object)[self._probabilities(batch).argmax(axis=1)]


def read(files: ModelFiles, path: str, signature: Signature) -> LightGBMModel:
    """Load a Booster; raises ModelError."""
    content = files.read(path)
    lightgbm = library("lightgbm", files.place + path)
    advice = f"was it written whole, with Booster.save_model (here is LightGBM {lightgbm.__version__})?"
    with foreign_code(lambda error: files.unloadable(path, one_line(error), advice)):
        text = content.decode()
        if _END not in text:
            raise ModelError(
                "ModelUnloadable", f'{files.place}{path} is no LightGBM model, or cut: "{_END}" is not in it; {advice}'
            )
        booster = lightgbm.Booster(model_str=text)
        said = _OBJECTIVE.search(text)
        objective = said.group(1) if said else "of its own"
        number = max(2, booster.num_model_per_iteration())
        own = tuple(booster.feature_name())
    kind = f"lightgbm.Booster {objective} {lightgbm.__version__}"
    return LightGBMModel(
        uri=files.uri,
        digest=files.digest(),
        kind=kind,
        columns=columns_of(files, _named(own), signature, len(own), kind),
        classes=classes_of(files, signature, number) if objective in _CLASSIFIERS else None,
        has_probabilities=objective in _CLASSIFIERS,
        booster=booster,
    )


def _named(own: tuple[str, ...]) -> tuple[str, ...] | None:
    """Names that somebody gave; LightGBM calls the columns of a bare array Column_0, Column_1 and so on."""
    return None if all(re.fullmatch(r"Column_\d+", name) for name in own) else own
