"""Orders for the small worlds of `tests.unit.evaluation.worlds`, and a training of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelmonitor.api.training import TrainingSpec
from modelmonitor.evaluation.limits import UNLIMITED, Limits
from modelmonitor.training.contract import Choices, Order, Trained
from modelmonitor.training.train import Surroundings, train
from tests.unit.evaluation.worlds import LOADED, NOW, input_for

START = datetime(2013, 2, 4, 5, tzinfo=UTC)
END = datetime(2013, 2, 11, 5, tzinfo=UTC)
AS_IT_IS = Choices()


def spec_for(data: Path | str, **how: Any) -> TrainingSpec:
    """What a monitor of these data says; `how` as for `input_for`."""
    given = input_for(data, **({"predictions": LOADED} | how))
    return TrainingSpec(
        model=given.model, data=given.data, windows=given.windows, metrics=given.metrics, challenger=given.challenger
    )


def order(
    folder: Path, *, choices: Choices = AS_IT_IS, monitored: Mapping[str, Any] | None = None, **more: Any
) -> Order:
    """Train the model in `champion` again on the first week of `data`, into `new`."""
    given: dict[str, Any] = {
        "champion_uri": str(folder / "champion"),
        "output_uri": str(folder / "new"),
        "start": START,
        "end": END,
        "spec": spec_for(**({"data": folder / "data"} | dict(monitored or {}))),
        "choices": choices,
    }
    return Order(**(given | more))


def run(
    given: Order,
    environ: Mapping[str, str] | None = None,
    *,
    limits: Limits = UNLIMITED,
    said: list[str] | None = None,
    now: datetime = NOW,
) -> Trained:
    lines = [] if said is None else said
    return train(given, Surroundings(environ or {}, now, lines.append, limits, command="modelmonitor train"))
