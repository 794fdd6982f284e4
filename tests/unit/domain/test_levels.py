from collections.abc import Sequence

import pytest

from modelmonitor.api.monitor import VerdictPolicy, Windows
from modelmonitor.api.objectives import BusinessRule, Metric, Objective, UserMetric
from modelmonitor.domain.levels import YEAR, level_of, number_of_tests, window_level

MONTHLY = Windows(length="28d", every="28d")
DAILY_LOOKS = Windows(length="28d", every="1d")
F1 = Metric(name="f1", min=0.2)
RECALL = Metric(name="recall", min=0.2)
BAND = Metric(name="precision", min=0.2, max=0.9)
RULE = BusinessRule(name="priced", expression="price > 0", min=0.99)
OWN = UserMetric(name="profit", min=0.2)
TOLD = Metric(name="roc_auc", min=0.6, severity="Warn")


def policy(failures: int = 2, budget: float = 0.5) -> VerdictPolicy:
    return VerdictPolicy(failures_to_trip=failures, false_alarms_per_year=budget)


@pytest.mark.parametrize("windows", [MONTHLY, DAILY_LOOKS], ids=["adjoining windows", "overlapping windows"])
@pytest.mark.parametrize("failures", [1, 2, 3])
def test_trips_by_chance_come_to_the_budget(windows: Windows, failures: int) -> None:
    counting_a_year = YEAR.days / 28
    trips = counting_a_year * window_level(policy(failures), windows) ** failures
    assert trips == pytest.approx(0.5, rel=1e-3)


def test_a_window_never_fails_by_chance_more_often_than_every_other_time() -> None:
    assert window_level(policy(budget=50), MONTHLY) == 0.5


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        pytest.param([F1], 1, id="one objective"),
        pytest.param([F1, RECALL], 2, id="two objectives"),
        pytest.param([BAND], 2, id="each bound is a test"),
        pytest.param([F1, TOLD], 1, id="severity Warn is outside the budget"),
        pytest.param([F1, RULE, OWN], 3, id="rules and metrics of the user's own count alike"),
        pytest.param([TOLD], 1, id="with nothing but Warn one test has the whole level"),
    ],
)
def test_the_number_of_tests(metrics: list[Objective], expected: int) -> None:
    assert number_of_tests(metrics) == expected


@pytest.mark.parametrize("metrics", [[F1], [F1, RECALL], [F1, RECALL, BAND]], ids=len)
def test_independent_tests_together_have_the_windows_level(metrics: list[Metric]) -> None:
    alpha = level_of(metrics[0], metrics, policy(), MONTHLY)
    together = 1 - (1 - alpha) ** number_of_tests(metrics)
    assert together == pytest.approx(window_level(policy(), MONTHLY))


def chance(objective: Objective, objectives: Sequence[Objective]) -> float:
    return level_of(objective, objectives, policy(), MONTHLY)


def test_objectives_with_a_count_of_their_own_share_the_budget_of_trips_with_the_others() -> None:
    own = [Metric(name="recall", min=0.2, failuresToTrip=1), Metric(name="accuracy", min=0.2, failuresToTrip=1)]
    together = [F1, *own]
    a_year = YEAR.days / 28

    by_own = a_year * (1 - (1 - chance(own[0], together)) ** 2)
    by_others = a_year * chance(F1, together) ** 2

    assert by_own == pytest.approx(0.5 * 2 / 3, rel=1e-3)
    assert by_others == pytest.approx(0.5 / 3, rel=1e-3)


def test_a_dry_run_changes_no_level_and_is_judged_as_if_it_counted() -> None:
    dry, wet = Metric(name="recall", min=0.2, severity="DryRun"), Metric(name="recall", min=0.2)

    assert chance(F1, [F1, dry]) == chance(F1, [F1])
    assert chance(dry, [F1, dry]) == chance(wet, [F1, wet])


def test_severity_warn_is_shown_at_the_level_of_the_others_whatever_it_is() -> None:
    assert chance(TOLD, [F1, TOLD]) == chance(F1, [F1, TOLD])
    assert chance(TOLD, [TOLD]) == window_level(policy(), MONTHLY)
