"""XGBoost's own formats, `model.json` and `model.ubj`: a Booster."""

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from modelmonitor.evaluation.errors import one_line
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.models.libraries import library
from modelmonitor.evaluation.models.loaded import LoadedModel, foreign_code
from modelmonitor.evaluation.models.signature import Signature, classes_of, columns_of
from modelmonitor.evaluation.models.tables import frame_with_categories

_ONE_PROBABILITY: Final = frozenset({"binary:logistic"})
_ONE_EACH: Final = frozenset({"multi:softprob"})
_CLASS_NUMBERS: Final = frozenset({"binary:hinge", "multi:softmax"})


@dataclass(frozen=True, kw_only=True)
class XGBoostModel(LoadedModel):
    """A Booster. Without names of its own, its classes are "0", "1" and so on."""

    booster: Any
    objective: str
    rounds: int
    """How many rounds of boosting count: after early stopping those up to the best, as XGBClassifier does; 0 is all."""

    def _probabilities(self, batch: pa.RecordBatch) -> Any:
        found = self._asked(batch)
        return np.column_stack([1 - found, found]) if self.objective in _ONE_PROBABILITY else found

    def _predict(self, batch: pa.RecordBatch) -> Any:
        if self.classes is None:
            return self._asked(batch)
        numbers = self._probabilities(batch).argmax(axis=1) if self.has_probabilities else self._asked(batch)
        return np.asarray(self.classes, object)[np.asarray(numbers, np.intp)]

    def _asked(self, batch: pa.RecordBatch) -> Any:
        rows = frame_with_categories(batch, self.columns)
        names = self.booster.feature_names
        matrix = library("xgboost", self.uri).DMatrix(rows, feature_names=names or None, enable_categorical=True)
        return self.booster.predict(matrix, iteration_range=(0, self.rounds), validate_features=names is not None)


def read(files: ModelFiles, path: str, signature: Signature) -> XGBoostModel:
    """Load a Booster; raises ModelError."""
    content = files.read(path)
    xgboost = library("xgboost", files.place + path)
    advice = f"was it written whole, with Booster.save_model, by XGBoost {xgboost.__version__} or an older one?"
    with foreign_code(lambda error: files.unloadable(path, one_line(error), advice)):
        booster = xgboost.Booster()
        booster.load_model(bytearray(content))
        learner = json.loads(booster.save_config())["learner"]
        objective = str(learner["objective"]["name"])
        number = max(2, int(learner["learner_model_param"]["num_class"]))
        best = booster.attr("best_iteration")
        own = booster.feature_names
        width = booster.num_features()
    kind = f"xgboost.Booster {objective} {xgboost.__version__}"
    is_classifier = objective in _ONE_PROBABILITY | _ONE_EACH | _CLASS_NUMBERS
    return XGBoostModel(
        uri=files.uri,
        digest=files.digest(),
        kind=kind,
        columns=columns_of(files, tuple(own) if own else None, signature, width, kind),
        classes=classes_of(files, signature, number) if is_classifier else None,
        has_probabilities=objective in _ONE_PROBABILITY | _ONE_EACH,
        booster=booster,
        objective=objective,
        rounds=int(best) + 1 if best is not None else 0,
    )
