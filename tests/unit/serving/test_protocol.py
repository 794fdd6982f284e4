"""What all kinds of things that serve share."""

from typing import Any

import pytest

from modelmonitor.kube.resources import CONFIG_MAPS
from modelmonitor.serving.protocol import ROLLOUT_ANNOTATION, Watched, itself, rollout_id


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ("", None, True),
        ("", {"a": "1"}, True),
        ("a", {"a": ""}, True),
        ("a", {"b": "1"}, False),
        ("a=1", {"a": "1", "b": "2"}, True),
        ("a=1", {"a": "2"}, False),
        ("a=1", None, False),
    ],
)
def test_a_watch_tells_of_what_its_selector_selects(selector: str, labels: Any, selected: bool) -> None:
    watched = Watched(CONFIG_MAPS, selector, str, itself)
    assert watched.selects({"metadata": {"name": "x", "labels": labels}}) is selected


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("0", 0), ("", 0), ("-1", 0), ("1.5", 0), ("seven", 0), ("٣", 0), ("9" * 10, 0)],
)
def test_an_annotation_that_is_no_number_of_ours_is_none(text: str, number: int) -> None:
    assert rollout_id({ROLLOUT_ANNOTATION: text}) == number
