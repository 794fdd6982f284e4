"""Metrics that are told more than a name: beta, and the costs of mistakes; and that every name has a measure."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import fbeta_score

from modelmonitor.api.metric_names import ABOUT, PARAMETERS, MetricName, Task, fitting
from modelmonitor.api.monitor import ModelSpec
from modelmonitor.api.objectives import Metric
from modelmonitor.evaluation.accumulate import Accumulator, Tally
from modelmonitor.evaluation.errors import InputError
from modelmonitor.evaluation.metrics import CATALOGUE, Measure, measure_of
from modelmonitor.evaluation.pairs import Pairs

SERVING = {"serving": {"seldonDeployment": {"name": "clicks", "node": "classifier"}}}
BINARY = ModelSpec.model_validate(SERVING | {"positiveClass": "late"})
MANY = ModelSpec.model_validate(SERVING | {"task": "MulticlassClassification", "classes": ["cat", "dog", "true"]})
SPECS = {
    Task.BINARY_CLASSIFICATION: BINARY,
    Task.MULTICLASS_CLASSIFICATION: MANY,
    Task.REGRESSION: ModelSpec.model_validate(SERVING | {"task": "Regression"}),
}
COST = {"label": "late", "predicted": "on time", "cost": 5}
VALUES: dict[str, Any] = {"beta": 2, "alpha": 0.9, "quantile": 0.9, "between": "carrier"}


def metric(name: str, **fields: Any) -> Metric:
    return Metric.model_validate({"name": name, "max": 1} | fields)


@pytest.mark.parametrize(("task", "name"), [(task, name) for task in Task for name in fitting(task)], ids=str)
def test_every_metric_of_every_task_has_a_measure(task: Task, name: MetricName) -> None:
    costs = [COST] if task is Task.BINARY_CLASSIFICATION else [{"label": "cat", "predicted": "dog", "cost": 1}]
    field = ABOUT[name].parameter
    fields = {} if field is None else {field: (VALUES | {"costs": costs})[field]}
    measure = measure_of(metric(name, **fields), SPECS[task])
    assert measure.needs
    assert any(kind.of_scores for kind in measure.needs) == ABOUT[name].scored
    assert (name in CATALOGUE[task]) == (field is None)


def test_each_name_is_of_some_task_and_each_field_of_some_name() -> None:
    assert set(ABOUT) == set(MetricName)
    assert all(about.tasks for about in ABOUT.values())
    assert all(PARAMETERS.values())
    assert {about.parameter for about in ABOUT.values()} - {None} == set(PARAMETERS)


def tally(measure: Measure, pairs: Pairs, classes: int = 2) -> Tally:
    accumulator = Accumulator(measure.needs, 10, classes=classes, with_scores=False)
    accumulator.add(np.arange(len(pairs)) % 10, [], pairs)
    return accumulator.tally()


def said(seed: int, number: int = 1000, classes: int = 2) -> Pairs:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, number)
    return Pairs(truth, np.where(random.random(number) < 0.6, truth, random.integers(0, classes, number)))


@pytest.mark.parametrize("beta", [0.5, 1, 2])
def test_fbeta_agrees_with_scikit_learn(beta: float) -> None:
    measure, pairs = measure_of(metric("fbeta", beta=beta), BINARY), said(1)
    value = measure.leave_one_out(tally(measure, pairs)).value
    assert value == pytest.approx(fbeta_score(pairs.truth, pairs.predicted, beta=beta))


def test_an_fbeta_of_zero_is_no_certainty() -> None:
    measure, truth = measure_of(metric("fbeta", beta=2), BINARY), np.arange(400) % 2
    interval = measure.interval(tally(measure, Pairs(truth, np.zeros(400, np.intp))), 0.05)
    assert interval.low == 0
    assert 0.005 < interval.high < 0.05


@pytest.mark.parametrize(
    ("spec", "costs", "matrix"),
    [
        pytest.param(BINARY, [COST], [[0, 0], [5, 0]], id="a late flight that nobody saw coming"),
        pytest.param(
            BINARY,
            [
                COST,
                {"label": "on time", "predicted": "late", "cost": 1},
                {"label": "late", "predicted": "late", "cost": -2},
            ],
            [[0, 1], [5, -2]],
            id="a false alarm costs less, and a right one gains",
        ),
        pytest.param(
            MANY, [{"label": "1", "predicted": "cat", "cost": 3}], [[0] * 3, [0] * 3, [3, 0, 0]], id="true is called 1"
        ),
    ],
)
def test_the_mean_cost_is_that_of_the_matrix(spec: ModelSpec, costs: list[dict[str, Any]], matrix: list[Any]) -> None:
    measure, pairs = measure_of(metric("mean_cost", costs=costs), spec), said(2, classes=len(matrix))
    found = measure.leave_one_out(tally(measure, pairs, len(matrix)))
    assert found.value == pytest.approx(np.asarray(matrix)[pairs.truth, pairs.predicted].mean())
    assert not measure.greater_is_better


@pytest.mark.parametrize(
    ("spec", "costs", "says"),
    [
        pytest.param(
            MANY,
            [{"label": "bird", "predicted": "cat", "cost": 1}],
            'metrics.costs: "bird" is none of model.classes',
            id="a class that the task does not have",
        ),
        pytest.param(
            BINARY,
            [COST, {"label": "on time", "predicted": "Late", "cost": 1}],
            "cannot all be the class that is not positive",
            id="the positive class in another spelling",
        ),
        pytest.param(BINARY, [COST, COST | {"cost": 6}], "late predicted as on time stands twice", id="a pair twice"),
    ],
)
def test_costs_that_do_not_go_with_the_classes_are_refused(
    spec: ModelSpec, costs: list[dict[str, Any]], says: str
) -> None:
    with pytest.raises(InputError) as caught:
        measure_of(metric("mean_cost", costs=costs), spec)
    assert says in caught.value.message
