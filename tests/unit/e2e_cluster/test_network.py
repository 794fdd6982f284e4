"""Addresses: a block that the machine does not use, cut into parts that do not overlap."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest

from e2e.cluster.errors import ClusterError
from e2e.cluster.network import AddressPlan, choose_block

FIRST = choose_block([])


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        pytest.param([], FIRST, id="an unused machine gets the first block"),
        pytest.param([IPv4Network("192.168.0.0/16")], FIRST, id="other networks do not matter"),
        pytest.param([FIRST], choose_block([FIRST]), id="a route to the block itself moves on"),
        pytest.param([IPv4Network((FIRST[7], 32))], choose_block([FIRST]), id="a route to one address in it moves on"),
    ],
)
def test_the_first_block_that_is_free_is_chosen(used: list[IPv4Network], expected: IPv4Network) -> None:
    assert choose_block(used) == expected
    assert not any(choose_block(used).overlaps(each) for each in used)


def test_a_machine_that_routes_everything_is_told_what_was_tried() -> None:
    with pytest.raises(ClusterError, match=str(FIRST)):
        choose_block([IPv4Network("10.0.0.0/8")])


def test_the_parts_of_the_plan_lie_in_the_block_and_do_not_overlap() -> None:
    plan = AddressPlan(FIRST)
    cable = IPv4Network((plan.host, 30), strict=False)
    parts = [cable, plan.pods, plan.services]
    assert plan.node in cable
    assert all(part.subnet_of(FIRST) for part in parts)
    assert not any(one.overlaps(other) for one, other in combinations(parts, 2))
    assert plan.api_service in plan.services
    assert plan.dns in plan.services
