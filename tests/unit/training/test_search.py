"""A search of parameters: what is drawn, on which rows it is measured, and when it stops."""

import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.models import load_model
from modelmonitor.training.contract import Budget, Choices
from modelmonitor.training.data import Sample
from modelmonitor.training.grading import Grader
from modelmonitor.training.recipe import Recipe
from modelmonitor.training.search import Found, folds, search
from modelmonitor.training.space import candidates
from tests.unit.evaluation import models
from tests.unit.training.orders import END, START, order, run, spec_for
from tests.unit.training.test_train import rewrite, world

__all__ = ["world"]

C = "logisticregression__C"


def grader(**how: Any) -> Grader:
    return Grader.of(spec_for("data", **how))


def recipe(folder: Path, estimator: Any = None) -> Recipe:
    rows = models.past()
    own = make_pipeline(StandardScaler(), LogisticRegression()) if estimator is None else estimator
    models.save(own.fit(rows[["x", "y"]], rows["label"]), folder / "own")
    return Recipe.of(load_model(str(folder / "own"), {}), spec_for("data").model, seed=0)


def sample(rows: int = 400, *, times: Any = None) -> Sample:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, rows))
    truth = (random.random(rows) < 1 / (1 + np.exp(-2 * x))).astype(np.int64)
    at = np.arange(rows, dtype=np.int64) * 3_600_000_000 if times is None else np.asarray(times, np.int64)
    return Sample(pa.table({"x": x, "y": y}), truth, at)


# What is drawn.


def drawn(space: dict[str, Any], folder: Path, **choices: Any) -> list[Any]:
    return list(candidates(Choices(space=space, **choices), recipe(folder), grader()))


def test_the_champions_own_parameters_come_first(tmp_path: Path) -> None:
    own, *others = drawn({C: {"loguniform": [0.001, 1000]}}, tmp_path, budget=Budget(candidates=200))
    assert own == {}
    values = [one[C] for one in others]
    assert len(values) == 200
    assert all(type(value) is float and 0.001 <= value <= 1000 for value in values)
    assert 70 < sum(value < 1 for value in values) < 130, "half of it below the middle on the scale of logarithms"


def test_the_same_seed_draws_the_same(tmp_path: Path) -> None:
    space = {C: {"uniform": [1, 2]}, "logisticregression__max_iter": {"randint": [10, 1000]}}
    first, again, other = (drawn(space, tmp_path, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert all(type(one["logisticregression__max_iter"]) is int for one in first[1:])


def test_a_space_that_is_small_is_tried_whole(tmp_path: Path) -> None:
    space = {C: [1, 2, None], "logisticregression__fit_intercept": [True, False]}
    found = drawn(space, tmp_path, budget=Budget(candidates=100))
    assert len(found) == 7
    assert {(one[C], one["logisticregression__fit_intercept"]) for one in found[1:]} == {
        (c, with_one) for c in (1, 2, None) for with_one in (True, False)
    }


@pytest.mark.parametrize(
    ("space", "says"),
    [
        pytest.param({"svc__C": [1]}, 'no parameter "svc__C"; it has logisticregression__C', id="another step"),
        pytest.param({"C": [1]}, 'no parameter "C"; it has logisticregression__C', id="without its step"),
        pytest.param({C: []}, "is neither a list of values nor one of", id="an empty list"),
        pytest.param({C: 3}, "3 is neither a list", id="a number"),
        pytest.param({C: {"normal": [0, 1]}}, "is neither a list", id="an unknown distribution"),
        pytest.param({C: {"uniform": [2, 1]}}, "with low below high", id="bounds the wrong way round"),
        pytest.param({C: {"loguniform": [0, 1]}}, "(above 0)", id="a logarithm of nothing"),
        pytest.param({C: {"randint": [0.5, 3]}}, "(whole numbers)", id="fractions of whole numbers"),
        pytest.param({C: {"uniform": [0, math.inf]}}, "is neither a list", id="without an end"),
        pytest.param({C: {"uniform": [0]}}, "is neither a list", id="one bound"),
        pytest.param({C: {"uniform": [False, True]}}, "is neither a list", id="bounds that are no numbers"),
    ],
)
def test_a_space_that_cannot_be_drawn_from_is_told(tmp_path: Path, space: dict[str, Any], says: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        drawn(space, tmp_path)
    assert caught.value.reason == "SearchSpaceInvalid"
    assert says in caught.value.message


def test_a_metric_of_scores_cannot_choose_among_models_without(tmp_path: Path) -> None:
    of_scores = grader(challenger={"metric": "roc_auc"})
    with pytest.raises(EvaluationError, match=r"challenger\.metric is roc_auc, which needs scores"):
        candidates(Choices(space={"alpha": [1]}), recipe(tmp_path, RidgeClassifier()), of_scores)


# On which rows.


def test_each_fold_is_measured_on_later_rows_than_it_is_fitted_on() -> None:
    found = folds(sample(400), 3)
    assert [(len(before), len(after)) for before, after in found] == [(100, 100), (200, 100), (300, 100)]
    for before, after in found:
        assert before.times[-1] < after.times[0]


@pytest.mark.parametrize("at_once", [2, 7, 60, 150])
def test_rows_of_one_instant_are_on_one_side(at_once: int) -> None:
    for before, after in folds(sample(400, times=np.arange(400) // at_once), 3):
        assert before.times[-1] < after.times[0]
        assert len(before)
        assert len(after)


@pytest.mark.parametrize("times", [np.zeros(400), np.zeros(0), np.arange(2)])
def test_too_few_instants_for_folds_are_told(times: Any) -> None:
    with pytest.raises(EvaluationError, match="cannot be split into 3 folds by time"):
        folds(sample(len(times), times=times), 3)


# When it stops.


class Clock:
    """Each fit takes as long as the next of these seconds; looking at the clock takes none."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Slow(DummyClassifier):  # type: ignore[misc]
    """A fit that takes its time, on a clock of the test."""

    clock = Clock()
    seconds: Iterator[float] = iter(())

    def fit(self, rows: Any, labels: Any, sample_weight: Any = None) -> Any:
        Slow.clock.now += next(Slow.seconds, 1.0)
        return super().fit(rows, labels, sample_weight)


def searched(folder: Path, seconds: list[float], budget: Budget) -> tuple[Found, float]:
    own = recipe(folder, Slow(strategy="prior"))
    Slow.clock, Slow.seconds = Clock(), iter(seconds)
    sets: list[dict[str, Any]] = [{}, {"strategy": "most_frequent"}, {"strategy": "uniform", "random_state": 0}]
    found = search(sets, sample(), budget, own, grader(), lambda line: None, Slow.clock)
    return found, Slow.clock.now - 100


@pytest.mark.parametrize(
    ("seconds", "time", "tried", "took"),
    [
        pytest.param([10] * 9, 90, 3, 90, id="all of them, to the second"),
        pytest.param([10] * 9, 89, 2, 80, id="a fit that would end too late is not begun"),
        pytest.param([10] * 9, 45, 1, 40, id="a set that was not measured on every fold does not count"),
        pytest.param([10, 10, 70, 10], 150, 1, 90, id="after a slow fit the others are taken for as slow"),
        pytest.param([500], 60, 0, 500, id="one fit is longer than all the time: it ends after that one"),
    ],
)
def test_the_budget_of_time_is_kept_between_fits(
    tmp_path: Path, seconds: list[float], time: int, tried: int, took: float
) -> None:
    found, spent = searched(tmp_path, seconds, Budget(time=timedelta(seconds=time)))
    assert (len(found.tried), spent, found.seconds) == (tried, took, took)
    facts = found.facts(grader())
    assert (facts.drawn, facts.tried, facts.stopped) == (3, tried, tried < 3)


def test_without_time_for_one_the_champions_own_parameters_stay(tmp_path: Path) -> None:
    found, _ = searched(tmp_path, [500], Budget(time=timedelta(seconds=60)))
    assert (found.parameters, found.best) == ({}, None)


# What is best.


def found_by(folder: Path, sets: list[dict[str, Any]], **how: Any) -> Found:
    own = recipe(folder)
    return search(sets, sample(), Budget(), own, grader(**how), lambda line: None, Clock())


def test_the_score_is_scikit_learns_mean_over_the_folds(tmp_path: Path) -> None:
    rows = sample()
    (tried,) = found_by(tmp_path, [{C: 0.01}]).tried
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
    splits = [(np.arange(len(one)), np.arange(len(one), len(one) + len(other))) for one, other in folds(rows, 3)]
    expected = cross_val_score(pipeline, rows.table.to_pandas(), rows.truth, cv=splits, scoring="f1")
    assert tried.score == pytest.approx(expected.mean())


@pytest.mark.parametrize(
    ("metric", "best"), [("f1", {}), ("log_loss", {}), ("recall", {"logisticregression__class_weight": {0: 1, 1: 9}})]
)
def test_the_best_by_the_metric_of_the_comparison_wins(tmp_path: Path, metric: str, best: dict[str, Any]) -> None:
    sets: list[dict[str, Any]] = [{}, {C: 1e-6}, {"logisticregression__class_weight": {0: 1, 1: 9}}]
    assert found_by(tmp_path, sets, challenger={"metric": metric}).parameters == best


def test_of_equals_the_champions_own_win(tmp_path: Path) -> None:
    assert found_by(tmp_path, [{}, {"logisticregression__verbose": 0}]).parameters == {}


def test_what_cannot_be_fitted_is_told_and_does_not_end_the_search(tmp_path: Path) -> None:
    found = found_by(tmp_path, [{C: -1}, {C: "much"}, {}])
    assert found.parameters == {}
    assert [math.isnan(one.score) for one in found.tried] == [True, True, False]
    assert list(found.trouble) == [f"{C}=-1", f"{C}='much'"]
    assert "'C' parameter" in found.trouble[f"{C}=-1"]


@pytest.fixture
def nonlinear(world: Path) -> Path:
    """Rows whose label is 1 in the middle of x: the champion's own parameters find nothing."""
    rewrite(world, lambda rows: rows | {"label": (np.abs(rows["x"]) < 0.7).astype(np.int64)})
    rows = models.past()
    from sklearn.svm import SVC  # noqa: PLC0415 - of one fixture

    models.save(
        make_pipeline(StandardScaler(), SVC(kernel="linear")).fit(rows[["x"]], rows["label"]), world / "champion"
    )
    return world


def test_a_training_takes_the_best_and_the_card_says_so(nonlinear: Path) -> None:
    said: list[str] = []
    trained = run(order(nonlinear, choices=Choices(space={"svc__kernel": ["linear", "rbf"]})), said=said)
    assert trained.metrics["f1"] > 0.9 > trained.metrics["champion.f1"]
    card = (nonlinear / "new" / "model-card.md").read_text()
    assert "3 of 3 sets of parameters were fitted and measured on 3 folds by time" in card
    assert "| parameter svc__kernel | 'linear' | 'rbf' |" in card
    assert "search: 3 of 3: svc__kernel='rbf': f1 " in "\n".join(said)


def test_the_same_seed_finds_the_same_model(nonlinear: Path) -> None:
    space: dict[str, Any] = {"svc__C": {"loguniform": [0.1, 100]}, "svc__kernel": ["rbf", "linear"]}
    digest: Callable[[str], str | None] = lambda uri: load_model(uri, {}).digest  # noqa: E731
    choices = Choices(space=space, budget=Budget(candidates=4))
    one, other = (run(order(nonlinear, output_uri=str(nonlinear / name), choices=choices)) for name in ("one", "other"))
    assert digest(one.model_uri) == digest(other.model_uri)


class Watched(DummyClassifier):  # type: ignore[misc]
    """Remembers how far the rows went that it was fitted on."""

    ends: ClassVar[list[float]] = []

    def fit(self, rows: Any, labels: Any, sample_weight: Any = None) -> Any:
        Watched.ends.append(float(rows["x"].max()))
        return super().fit(rows, labels, sample_weight)


def test_the_rows_that_are_held_out_have_no_say_in_the_search(world: Path) -> None:
    rewrite(world, lambda rows: rows | {"x": rows["at"].astype(np.float64) / 86_400e6})
    rows = models.past()
    models.save(Watched(strategy="prior").fit(rows[["x"]], rows["label"]), world / "champion")
    Watched.ends.clear()
    space = {"strategy": ["prior", "stratified"]}
    run(order(world, choices=Choices(space=space, held_out=0.5)))
    *searched, earlier, everything = Watched.ends
    middle, newest = (START + (END - START) / 2).timestamp() / 86_400, END.timestamp() / 86_400
    assert len(searched) == 9, "three sets of parameters on three folds"
    assert max(searched) < earlier == pytest.approx(middle, abs=0.1)
    assert everything == pytest.approx(newest, abs=0.1)
