"""Which column of probabilities is which class, where nobody says it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.errors import ModelError


def check_order(
    uri: str, classes: Sequence[str], probabilities: NDArray[np.float64], labels: Sequence[str | None]
) -> None:
    """Hold the assumed order of classes against what the model itself predicts.

    A model of the classes 1 and 2 whose columns are taken for 0 and 1 would be judged by the probability of the other
    class: hopeless, and retrained. Some rows may differ (ties, calibrated probabilities), most may not.

    Raises:
        ModelError: when the predicted classes are others, or of most rows not the most probable one.
    """
    strange = sorted({label for label in labels if label is not None} - set(classes))
    likely = [classes[index] for index in probabilities.argmax(axis=1)]
    agree = float(np.mean([label == other for label, other in zip(labels, likely, strict=True)])) if labels else 1.0
    if strange or agree < 0.5:
        why = f'predicts the class "{strange[0]}"' if strange else "does not predict the class that is most probable"
        raise ModelError(
            "ModelScoringFailed",
            f"the model in {uri} does not say which probability is of which class; they were taken for"
            f" {', '.join(classes)}, but it {why}: write its classes in their order into signature.json (an endpoint's"
            " into data.predictions.endpoint.classes)",
        )
