"""Names of children: the same intent has the same name, two intents never share one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Measurement
from modelmonitor.api.status import Attempt, Compared, Purpose
from modelmonitor.domain import names
from tests.unit.domain.worlds import DAY, NOW, A, B, week, world

LOOK = Measurement(look=7, stage=Stage.QUALITY, window=week(16), model_uri=A, started_at=NOW)
COMPARED = Compared(purpose=Purpose.PROMOTE, window=week(16), challenger_uri=B, look=7)


def attempt() -> Attempt:
    found = world().attempting().status.attempt
    assert found is not None
    return found


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"look": 8}, id="another look"),
        pytest.param({"window": week(17)}, id="another window"),
        pytest.param({"model_uri": B}, id="another model"),
        pytest.param({"stage": Stage.DATA}, id="another stage"),
    ],
)
def test_two_looks_never_share_a_name(other: dict[str, object]) -> None:
    assert names.evaluation("uid", LOOK) != names.evaluation("uid", LOOK.model_copy(update=other))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"look": 8}, id="another look"),
        pytest.param({"window": week(17)}, id="another window"),
        pytest.param({"challenger_uri": A}, id="another challenger"),
        pytest.param({"purpose": Purpose.ROLL_BACK}, id="another purpose"),
    ],
)
def test_two_comparisons_never_share_a_name(other: dict[str, object]) -> None:
    assert names.comparison("uid", COMPARED) != names.comparison("uid", COMPARED.model_copy(update=other))


def test_two_trips_never_share_a_name() -> None:
    assert names.training("uid", attempt()) != names.training("uid", attempt().model_copy(update={"trip": 2}))


def test_two_tries_of_one_trip_never_share_a_name() -> None:
    assert names.training("uid", attempt()) != names.training("uid", attempt().model_copy(update={"retry": 1}))


def test_two_monitors_never_share_a_name_though_one_replaced_the_other() -> None:
    assert names.evaluation("uid", LOOK) != names.evaluation("uid of the monitor before", LOOK)


def test_when_an_intent_was_decided_and_which_job_it_got_are_not_in_its_name() -> None:
    later = LOOK.model_copy(update={"started_at": NOW + DAY})
    assert names.evaluation("uid", LOOK) == names.evaluation("uid", later)
    known = attempt().model_copy(update={"job_uid": "uid-job"})
    assert names.training("uid", attempt()) == names.training("uid", known)


@given(st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True))
def test_a_child_of_any_monitor_has_a_name_that_its_pods_can_carry(monitor: str) -> None:
    name = names.child(monitor, "e", "0123456789abcdef")
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 53  # a Pod's name adds six, a label holds 63


def test_parts_that_run_together_are_two_identities() -> None:
    assert names.identity("ab", "c") != names.identity("a", "bc")
