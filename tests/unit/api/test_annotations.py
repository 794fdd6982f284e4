"""What the annotations and OneOf ask for is asked without a cluster too: the command line reads the same manifests."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from modelmonitor.api.annotations import ListMap, Preserved, Shortened
from modelmonitor.api.rules import OneOf
from modelmonitor.api.types import Model, Name


class Item(Model):
    """An item."""

    name: Name


class Choice(OneOf):
    """Two choices."""

    first_one: Item | None = None
    second: Item | None = None


class Example(Model):
    """A field of each sort."""

    items: Annotated[tuple[Item, ...], Field(max_length=2), ListMap("name")] = ()
    job: Annotated[dict[str, Any], Preserved("spec.template", of="batch/v1 JobTemplateSpec")] | None = None
    text: Annotated[str, Shortened(8)] = ""
    choice: Choice | None = None


@pytest.mark.parametrize(
    "document",
    [
        {"items": [{"name": "a"}, {"name": "b"}]},
        {"job": {"spec": {"template": {}, "more": 1}, "metadata": {"labels": {}}}},
        {"choice": {"firstOne": {"name": "a"}}},
        {"choice": {"second": {"name": "a"}, "firstOne": None}},
    ],
)
def test_what_is_asked_for_is_kept_as_it_is(document: dict[str, Any]) -> None:
    assert Example.model_validate(document).model_dump(by_alias=True, mode="json", exclude_unset=True) == document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"items": [{"name": "a"}, {"name": "a"}]}, "two entries have the name a: keep one"),
        ({"items": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}, "at most 2 items"),
        ({"job": {}}, "spec.template is missing: write it as in a batch/v1 JobTemplateSpec"),
        ({"job": {"spec": {"template": None}}}, "spec.template is missing: write it as in a batch/v1 JobTemplateSpec"),
        ({"job": {"spec": []}}, "spec.template is missing: write it as in a batch/v1 JobTemplateSpec"),
        ({"choice": {}}, "set exactly one of firstOne, second"),
        ({"choice": {"firstOne": {"name": "a"}, "second": {"name": "a"}}}, "set exactly one of firstOne, second"),
    ],
)
def test_what_is_missing_is_told(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Example.model_validate(document)


@pytest.mark.parametrize(("text", "kept"), [("12345678", "12345678"), ("123456789", "1234567…"), ("", "")])
def test_a_text_for_people_is_cut_and_not_refused(text: str, kept: str) -> None:
    assert Example(text=text).text == kept
