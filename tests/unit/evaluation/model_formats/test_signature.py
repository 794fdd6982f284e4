import pytest

from modelmonitor.evaluation.models.signature import summary

PLAIN = summary(["distance", "carrier"], ["0", "1"])


@pytest.mark.parametrize(
    ("columns", "classes"),
    [
        pytest.param(["distance", "airline"], ["0", "1"], id="another column"),
        pytest.param(["carrier", "distance"], ["0", "1"], id="another order"),
        pytest.param(["distance", "carrier", "hour"], ["0", "1"], id="one more column"),
        pytest.param(["distance", "carrier"], ["on time", "late"], id="other classes"),
        pytest.param(["distance", "carrier"], None, id="no classes"),
        pytest.param(["distancecarrier"], ["0", "1"], id="the same letters"),
    ],
)
def test_a_model_with_another_signature_is_told_apart(columns: list[str], classes: list[str] | None) -> None:
    assert summary(columns, classes) != PLAIN


def test_the_same_signature_is_the_same_text_which_people_can_read() -> None:
    assert summary(("distance", "carrier"), ("0", "1")) == PLAIN
    assert PLAIN.startswith("2 columns, 2 classes (")
    assert summary(["x"], None).startswith("1 columns (")
