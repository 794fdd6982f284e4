"""Business rules: the share of all rows of the window, labelled or not, that satisfy a condition in Polars' SQL.

A condition is about one row. An aggregate or a window function would see one batch of rows and say something else
with every other cut of the same rows, so it is refused. Null, as in SQL's WHERE, does not satisfy.
"""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.objectives import BusinessRule
from modelmonitor.evaluation.errors import DataError, InputError, one_line
from modelmonitor.evaluation.metrics.measure import Measure, Undefined
from modelmonitor.evaluation.metrics.ratios import Ratio
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.scan import Needed
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import Kind

if TYPE_CHECKING:
    import polars as pl

_OF_MANY_ROWS: Final = frozenset(
    {"Agg", "Over", "Window", "Len", "Rank", "Shift", "Quantile", "Correlation", "Any", "All", "CumSum", "Diff"}
)


def rule_measure(rule: BusinessRule) -> Measure:
    """The share of rows that satisfy a rule.

    Raises:
        InputError: when its expression is none, or is not about single rows.
    """
    expression = _expression(rule)
    columns = tuple(dict.fromkeys(expression.meta.root_names()))
    kind: Kind[Counts] = Kind(
        rule.full_name,
        lambda shape: Counts.empty(shape.slots, 2),
        _counter(rule, expression),
        columns=tuple(Needed(f"rules ({rule.name})", column) for column in columns),
        of_all_rows=True,
    )
    return Ratio(
        lambda counts: counts[..., 1], lambda counts: counts.sum(axis=-1), of=kind, undefined=Undefined.NO_NUMBER
    )


def _expression(rule: BusinessRule) -> "pl.Expr":
    import polars as pl  # noqa: PLC0415 - most monitors have no rules, and it takes as long as all else together

    try:
        expression = pl.sql_expr(rule.expression)
    except pl.exceptions.PolarsError as error:
        raise InputError(
            "RuleInvalid",
            f"rules: {rule.name}: {rule.expression!r} is no condition that Polars' SQL can read ({one_line(error)});"
            " compare columns, as in p_late >= 0 AND carrier IS NOT NULL (for IN, write a = 1 OR a = 2)",
        ) from error
    if not expression.meta.root_names():
        raise InputError("RuleInvalid", f"rules: {rule.name}: {rule.expression!r} names no column; compare one")
    if found := _OF_MANY_ROWS.intersection(_operations(json.loads(expression.meta.serialize(format="json")))):
        raise InputError(
            "RuleInvalid",
            f"rules: {rule.name}: {rule.expression!r} is about many rows at once ({', '.join(sorted(found))}); a rule"
            " is a condition on the columns of a single row",
        )
    return expression


def _operations(tree: Any) -> Iterator[str]:
    """The names of everything that an expression does, without its columns and literals."""
    match tree:
        case str():
            yield tree
        case list():
            for inner in tree:
                yield from _operations(inner)
        case dict():
            for key, inner in tree.items():
                yield key
                if key not in {"Column", "Literal"}:
                    yield from _operations(inner)


def _counter(rule: BusinessRule, expression: "pl.Expr") -> Callable[[Counts, NDArray[np.intp], Pairs], None]:
    def add(counts: Counts, slot: NDArray[np.intp], pairs: Pairs) -> None:
        counts.add(slot, _satisfied(rule, expression, pairs))

    return add


def _satisfied(rule: BusinessRule, expression: "pl.Expr", pairs: Pairs) -> NDArray[np.intp]:
    """1 where a row satisfies the rule; shape (rows,)."""
    import polars as pl  # noqa: PLC0415 - see above

    names = dict.fromkeys(expression.meta.root_names())
    frame = pl.DataFrame({name: pl.from_arrow(pairs.columns[name]) for name in names})
    try:
        found = frame.select(expression).to_series()
    except pl.exceptions.PolarsError as error:
        raise DataError(
            "RuleFailed",
            f"rules: {rule.name}: {rule.expression!r} cannot be evaluated on {_types(frame)}: {one_line(error)}",
        ) from error
    if found.dtype != pl.Boolean or len(found) != len(pairs):
        raise DataError(
            "RuleFailed",
            f"rules: {rule.name}: {rule.expression!r} gives {found.dtype} on {_types(frame)}, not true or false for"
            " each row; write a comparison, such as price > 0",
        )
    return found.fill_null(value=False).to_numpy().astype(np.intp)


def _types(frame: "pl.DataFrame") -> str:
    return ", ".join(f"{name} ({dtype})" for name, dtype in frame.schema.items())
