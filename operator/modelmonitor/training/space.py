"""A space of parameters, and draws from it."""

import math
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from modelmonitor.evaluation.errors import InputError
from modelmonitor.training.contract import Choices
from modelmonitor.training.grading import Grader
from modelmonitor.training.recipe import Recipe

Parameters = Mapping[str, Any]
"""Parameters of a pipeline, others than the champion's."""
_DISTRIBUTIONS: Final = ("uniform", "loguniform", "randint")


def candidates(choices: Choices, recipe: Recipe, grader: Grader) -> list[Parameters]:
    """The champion's own parameters, and so many draws from the space, or all of it if it has fewer; empty without one.

    Raises:
        InputError: when the space names what the pipeline has not, or cannot be drawn from, or when the metric of the
            comparison cannot be had of the champion.
    """
    if not choices.space:
        return []
    if not grader.measurable(recipe.champion):
        raise InputError(
            "SearchMetricUnsuitable",
            f"--search: challenger.metric is {grader.deciding}, which needs scores, and the champion gives classes"
            " only; search nothing, or compare by another metric",
        )
    from sklearn.model_selection import ParameterSampler  # noqa: PLC0415 - a second, and only for a search

    distributions = {name: _distribution(name, said, recipe.parameters) for name, said in choices.space.items()}
    with warnings.catch_warnings():
        # That the space has fewer.
        warnings.simplefilter("ignore", UserWarning)
        drawn = list(ParameterSampler(distributions, choices.budget.candidates, random_state=choices.seed))
    return [{}, *({name: _plain(value) for name, value in one.items()} for one in drawn)]


def _plain(value: Any) -> Any:
    """A number of Python's own: it stands in JSON, and in the pipeline that is written."""
    return value.item() if isinstance(value, np.generic) else value


def _distribution(name: str, said: Any, known: Parameters) -> Any:
    if name not in known:
        last = name.rpartition("__")[2]
        like = [one for one in known if one.rpartition("__")[2] == last] or [one for one in known if "__" in one]
        raise InputError(
            "SearchSpaceInvalid",
            f'--search: the pipeline has no parameter "{name}"; it has {", ".join(sorted(like)[:8])}, …',
        )
    if isinstance(said, list) and said:
        return said
    if isinstance(said, dict) and len(said) == 1:
        ((kind, bounds),) = said.items()
        if kind in _DISTRIBUTIONS and _are_bounds(kind, bounds):
            from scipy import stats  # noqa: PLC0415 - half a second, and only for a search

            low, high = bounds
            match kind:
                case "uniform":
                    return stats.uniform(low, high - low)
                case "loguniform":
                    return stats.loguniform(low, high)
                case _:
                    return stats.randint(low, high)
    raise InputError(
        "SearchSpaceInvalid",
        f"--search: {name}: {said!r} is neither a list of values nor one of {{uniform: [low, high]}}, {{loguniform:"
        " [low, high]} (above 0) and {randint: [low, high]} (whole numbers), with low below high",
    )


def _are_bounds(kind: str, bounds: Any) -> bool:
    if not isinstance(bounds, list) or len(bounds) != 2:
        return False
    of_kind = (int,) if kind == "randint" else (int, float)
    if not all(isinstance(one, of_kind) and not isinstance(one, bool) and math.isfinite(one) for one in bounds):
        return False
    return bool(bounds[0] < bounds[1] and (kind != "loguniform" or bounds[0] > 0))
