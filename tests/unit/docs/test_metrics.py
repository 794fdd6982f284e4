"""docs/metrics.md says of every metric where it lies and which way is better, and says what the code says."""

from pathlib import Path
from typing import Final

import numpy as np
import pytest

from modelmonitor.api.drift import DriftMethod
from modelmonitor.api.metric_names import ABOUT, Lies, MetricName, Task
from modelmonitor.api.monitor import ModelSpec
from modelmonitor.api.objectives import Metric
from modelmonitor.evaluation.metrics import Undefined, measure_of
from modelmonitor.evaluation.quality.checks import Check

DOCS: Final = Path(__file__).parents[3] / "docs"
TEXT: Final = (DOCS / "metrics.md").read_text()
HEADINGS: Final = {
    Task.BINARY_CLASSIFICATION: "## Binary classification",
    Task.MULTICLASS_CLASSIFICATION: "## Many classes",
    Task.REGRESSION: "## Regression",
}
RANGES: Final = {
    Lies.SHARE: "0 to 1",
    Lies.CORRELATION: "−1 to 1",
    Lies.POSITIVE: "0 up",
    Lies.BELOW_ONE: "up to 1",
    Lies.ANYWHERE: "anywhere",
}
PARAMETERS: Final = {
    "beta": 2,
    "alpha": 0.9,
    "quantile": 0.9,
    "between": "carrier",
    "costs": [{"label": "1", "predicted": "0", "cost": 1}],
}
DIRECTIONS: Final = ("↑", "↓", "↓, ↑", "neither: give `min` and `max`")
CASES: Final = [(name, task) for name, about in ABOUT.items() for task in about.tasks]


def rows_of(task: Task) -> dict[str, list[str]]:
    """The cells of each metric's row, by its name; a row may hold several names."""
    section = TEXT.split(f"{HEADINGS[task]}\n")[1].split("\n## ")[0]
    lines = [line.replace(r"\|", "¦") for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name.strip(" `"): row for row in cells for name in row[0].split(",")}


def measured(name: MetricName, task: Task) -> bool:
    """Whether a greater value is better."""
    about = ABOUT[name]
    told = {about.parameter: PARAMETERS[about.parameter]} if about.parameter else {}
    classes = {} if task is not Task.MULTICLASS_CLASSIFICATION else {"classes": ["0", "1", "2"]}
    serving = {"seldonDeployment": {"name": "flights", "node": "classifier"}}
    model = ModelSpec.model_validate({"task": task, "positiveClass": "1", "serving": serving, **classes})
    return measure_of(Metric.model_validate({"name": name, "min": 0, **told}), model).greater_is_better


@pytest.mark.parametrize(("name", "task"), CASES, ids=[f"{name} of {task}" for name, task in CASES])
def test_every_metric_stands_there_with_its_range_and_direction(name: MetricName, task: Task) -> None:
    row = rows_of(task)[name]
    about = ABOUT[name]

    assert RANGES[about.lies] in row
    arrows = next(cell for cell in row if cell in DIRECTIONS)
    if about.compares:
        place = [one.strip(" `") for one in row[0].split(",")].index(name)
        arrow = arrows.split(",")[place].strip() if "," in arrows else arrows
        assert arrow == ("↑" if measured(name, task) else "↓")
    else:
        assert arrows.startswith("neither")
    if about.parameter in ("beta", "alpha", "quantile", "costs"):
        assert f"`{about.parameter}`" in " ".join(row) or task is Task.MULTICLASS_CLASSIFICATION


def test_no_metric_stands_there_that_there_is_not() -> None:
    for task in Task:
        assert set(rows_of(task)) == {name for name, about in ABOUT.items() if task in about.tasks}


def test_every_reason_why_a_metric_is_not_defined_stands_there() -> None:
    assert [reason for reason in Undefined if f"`{reason}`" not in TEXT] == []


@pytest.mark.parametrize(
    ("heading", "names"),
    [("## Distances", set(DriftMethod)), ("## Data quality", set(Check))],
    ids=["methods of drift", "findings about the data"],
)
def test_each_has_a_row_in_the_page_on_drift_and_quality_and_there_are_no_others(heading: str, names: set[str]) -> None:
    section = (DOCS / "metrics-drift.md").read_text().split(f"{heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert {name.strip(" `") for cell in cells for name in cell.split(",")} == names


def test_the_example_of_a_metric_of_ones_own_is_one() -> None:
    code = TEXT.split("```python\n")[1].split("```")[0]
    space: dict[str, object] = {}
    exec(code, space)  # noqa: S102 - the documentation's own example
    metric = space["Profit"]()  # type: ignore[operator]
    labels, predictions = np.asarray([1, 0, 1]), np.asarray([1, 1, 0])
    terms = metric.terms(labels, predictions, None, {})
    assert terms.shape == (3, metric.size)
    assert metric.value(np.asarray(3.0), terms.sum(axis=0)) == pytest.approx(1.0)
