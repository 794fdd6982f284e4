"""What a server's answers mean: which output is the class, which are probabilities, and of which classes.

The protocol names tensors and their types, and not their meaning. MLServer's scikit-learn runtime has `predict` and
`predict_proba`; of others what an output is follows from its type and width. The order of probabilities is nobody's to
say: it is `endpoint.classes`, else sorted, as scikit-learn keeps classes, and is held against the predicted classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelmonitor.api.metric_names import Task
from modelmonitor.api.monitor import FromEndpoint, ModelSpec
from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.endpoint.tensors import Answered, Output
from modelmonitor.evaluation.errors import EndpointError

PREDICT: Final = "predict"
PROBABILITIES: Final = "predict_proba"


@dataclass(frozen=True, slots=True)
class Meaning:
    """Which output is what; None where there is none."""

    value: str | None = None
    """A number for each row, of a regression."""
    label: str | None = None
    """The predicted class."""
    probabilities: str | None = None
    """The probabilities of `classes`; of one column, that of the last class."""
    classes: tuple[str, ...] | None = None
    """In the order of the probabilities."""
    told: bool = False
    """Whether somebody said that order."""
    width: int = 1
    """Columns of the probabilities."""


def meaning_of(answered: Answered, endpoint: FromEndpoint, spec: ModelSpec, where: str) -> Meaning:
    """What the outputs of some rows say that all answers mean.

    Args:
        answered: a server's answer about some rows.
        endpoint: how it is asked.
        spec: the model that is monitored.
        where: the server and its model, for messages.

    Raises:
        EndpointError: EndpointAnswerInvalid, when no output is what the task needs, or nobody says its classes.
    """
    outputs = _usual_first(answered)
    single = [one for one in outputs if one.width == 1]
    if spec.task is Task.REGRESSION:
        value = next((one for one in single if one.datatype not in {"BYTES", "BOOL"}), None)
        if value is None:
            raise _useless(answered, where, "a number for each row, as a Regression needs")
        return Meaning(value=value.name)
    wide = next((one for one in outputs if one.is_float and one.width > 1), None)
    label = next((one for one in single if not one.is_float), None) or next(filter(_holds_classes, single), None)
    score = next((one for one in single if one.is_float and one is not label), None)
    probabilities = wide if wide is not None or spec.task is not Task.BINARY_CLASSIFICATION else score
    if probabilities is None and label is None:
        raise _useless(answered, where, "a class or probabilities for each row")
    if probabilities is None:
        return Meaning(label=_name(label))
    classes = _classes(probabilities, label, endpoint, spec, where)
    return Meaning(
        label=_name(label),
        probabilities=probabilities.name,
        classes=classes,
        told=endpoint.classes is not None,
        width=probabilities.width,
    )


def _name(output: Output | None) -> str | None:
    return None if output is None else output.name


def _usual_first(answered: Answered) -> list[Output]:
    usual = [answered.outputs[name] for name in (PROBABILITIES, PREDICT) if name in answered.outputs]
    return usual + [one for name, one in answered.outputs.items() if name not in {PROBABILITIES, PREDICT}]


def _holds_classes(output: Output) -> bool:
    """Whether floats are classes: scikit-learn keeps labels of floats as they are, 0.0 and 1.0."""
    numbers = output.numbers()
    return output.is_float and bool((np.isnan(numbers) | (numbers == np.round(numbers))).all())


def _classes(
    probabilities: Output, label: Output | None, endpoint: FromEndpoint, spec: ModelSpec, where: str
) -> tuple[str, ...]:
    wanted = max(2, probabilities.width)
    said = endpoint.classes or _assumed(label, spec, one_score=probabilities.width == 1)
    texts = tuple(class_text(one) or "" for one in said)
    if len(texts) != wanted:
        of = f"classes are known ({', '.join(texts)})" if texts else "is known of which classes"
        raise EndpointError(
            "EndpointClassesUnknown",
            f"{where} gives {wanted} probabilities ({probabilities.name}), but {len(texts) or 'nothing'} {of}; list its"
            " classes in their order in data.predictions.endpoint.classes",
        )
    return texts


def _assumed(label: Output | None, spec: ModelSpec, *, one_score: bool) -> Sequence[str]:
    """The classes as scikit-learn would order them; none where they cannot be known."""
    if spec.classes is not None:
        return in_order([class_text(one) or "" for one in spec.classes])
    positive = class_text(spec.positive_class) or ""
    seen = {text for text in label.classes() if text is not None} if label is not None else set()
    if positive in {"0", "1"} and seen <= {"0", "1"}:
        return "0", "1"
    if one_score:
        return next(iter(seen - {positive}), f"not {positive}"), positive
    return in_order([*(seen | {positive})]) if len(seen | {positive}) == 2 else ()


def in_order(classes: Sequence[str]) -> tuple[str, ...]:
    """Classes as scikit-learn keeps them: numbers by size, texts by letter.

    >>> in_order(["10", "9", "-1"])
    ('-1', '9', '10')
    """
    try:
        return tuple(sorted(classes, key=float))
    except ValueError:
        return tuple(sorted(classes))


def _useless(answered: Answered, where: str, wanted: str) -> EndpointError:
    shown = ", ".join(f"{one.name} {one.datatype} of width {one.width}" for one in answered.outputs.values())
    return EndpointError("EndpointAnswerInvalid", f"{where} has no output that is {wanted} (it has {shown[:200]})")
