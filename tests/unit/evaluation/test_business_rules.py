from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from modelmonitor.api.result import EvaluationResult, Verdict
from modelmonitor.evaluation.errors import DataError, EvaluationError, InputError
from modelmonitor.evaluation.evaluate import evaluate
from tests.unit.evaluation.worlds import FIRST, NOW, input_for, rows_of_day, write


def run(folder: Path, expression: str, **objective: Any) -> EvaluationResult:
    rule = {"name": "sane", "expression": expression} | (objective or {"min": 0.5})
    return evaluate(input_for(folder, rules=[rule]), environ={}, now=NOW, progress=lambda line: None)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Days of 60 rows of which 15 have a negative price, 6 have none, and 3 have no label."""
    for number in range(8):
        rows = rows_of_day(FIRST + timedelta(days=number))
        rows["price"] = [-1.0] * 15 + [None] * 6 + [20.0] * 39
        rows["carrier"] = ["UA", "AA"] * 30
        rows["label"] = rows["label"].tolist()[:57] + [None] * 3
        write(tmp_path, FIRST + timedelta(days=number), rows)
    return tmp_path


@pytest.mark.parametrize(
    ("expression", "share"),
    [
        pytest.param("price >= 0", 39 / 60, id="null does not satisfy"),
        pytest.param("price >= 0 OR price IS NULL", 45 / 60, id="unless it is asked for"),
        pytest.param("carrier = 'UA' AND price BETWEEN 0 AND 100", 19 / 60, id="several columns"),
        pytest.param("carrier LIKE 'A%'", 0.5, id="texts"),
        pytest.param("label IS NULL", 3 / 60, id="rows without a label count"),
        pytest.param("score > 2", 0, id="never"),
    ],
)
def test_the_share_of_all_rows_that_satisfy_a_rule(world: Path, expression: str, share: float) -> None:
    result = run(world, expression).metrics[-1]
    assert result.name == "rule.sane"
    assert result.value == pytest.approx(share)
    assert (result.rows, result.blocks) == (420, 7)


@pytest.mark.parametrize(
    ("objective", "verdict"),
    [
        pytest.param({"min": 0.9}, Verdict.FAIL, id="missed"),
        pytest.param({"min": 0.9, "severity": "Warn"}, Verdict.WARN, id="missed, and only told"),
        pytest.param({"min": 0.6}, Verdict.PASS, id="met"),
        pytest.param({"min": 0.9, "minimumRows": 1000}, Verdict.PASS, id="too few rows: the other objectives decide"),
    ],
)
def test_a_rule_is_judged_like_a_metric(world: Path, objective: dict[str, Any], verdict: Verdict) -> None:
    assert run(world, "price >= 0", **objective).verdict is verdict


@pytest.mark.parametrize(
    ("expression", "kind", "reason", "says"),
    [
        pytest.param("price >", InputError, "RuleInvalid", "unable to parse", id="no expression"),
        pytest.param("1 = 1", InputError, "RuleInvalid", "names no column", id="about nothing"),
        pytest.param("price > AVG(price)", InputError, "RuleInvalid", "many rows at once (Agg)", id="an aggregate"),
        pytest.param("COUNT(*) > score", InputError, "RuleInvalid", "many rows at once (Len)", id="a count"),
        pytest.param(
            "score > LAG(score) OVER (ORDER BY at)", InputError, "RuleInvalid", "(Over, Shift)", id="a window"
        ),
        pytest.param("price", DataError, "RuleFailed", "gives Float64 on price (Float64)", id="no condition"),
        pytest.param(
            "price > 'high'", DataError, "RuleFailed", "cannot compare string", id="types that do not compare"
        ),
        pytest.param("cost > 1", DataError, "ColumnMissing", 'rules (sane): column "cost"', id="no such column"),
    ],
)
def test_a_rule_that_cannot_be_used_is_told_by_name(
    world: Path, expression: str, kind: type[EvaluationError], reason: str, says: str
) -> None:
    with pytest.raises(kind) as caught:
        run(world, expression)
    assert caught.value.reason == reason
    assert says in caught.value.message
    assert "sane" in caught.value.message


def test_a_text_called_as_an_operation_is_a_text(world: Path) -> None:
    assert run(world, "carrier = 'Agg'").metrics[-1].value == 0
