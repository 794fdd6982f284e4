"""What a metric is to the stages after it: a value, what it would be without each block, and an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun, Spread


class Undefined(StrEnum):
    """Why a metric is not defined on some rows."""

    ONE_CLASS = "OneClassOnly"
    LABELS_CONSTANT = "LabelsConstant"
    ONE_GROUP = "OneGroupOnly"
    NO_NUMBER = "NoNumber"


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of the true value; each is one-sided, so that it is missed with the probability that was asked for."""

    low: float
    high: float
    spread: Spread
    """The uncertainty behind them."""
    detail: str | None = None
    """What a person must know beside it."""


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """A metric on all blocks that have rows for it, and with each of them left out; NaN where it is not defined."""

    value: float
    without: NDArray[np.float64]
    """Shape (blocks,): one for every block of the window; without a block that has no rows it is the value."""


class Measure(Protocol):
    """A metric by the statistics that it is computed from."""

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """The statistics that must be kept for it."""

    @property
    def greater_is_better(self) -> bool:
        """Whether a model with a greater value is the better one."""

    @property
    def undefined(self) -> Undefined:
        """Why it is not defined where its value is NaN."""

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """Rows of the denominator, shape (blocks,)."""

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """The interval; asked for only where the value and at least four values without a block are defined.

        Args:
            tally: the statistics.
            alpha: the one-sided level of each end.
            known: what a longer time shows of the blocks.
        """
