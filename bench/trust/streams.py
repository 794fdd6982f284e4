"""Streams in which nothing changes: rows of a model that stays as good as it is, cut into civil days.

A stream gives labels and scores by day; whoever reads it cuts windows of whole days. The truth of a metric is its
value on so many days that its own error is small beside a window's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int8]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of a day: labels and scores, both of shape (rows,)."""

    labels: Labels
    scores: Scores


class Stream(Protocol):
    """Days without end."""

    @property
    def name(self) -> str:
        """For tables."""

    def days(self, seed: int) -> Iterator[Day]:
        """The days of one life of the stream."""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A calibrated model on days of which each is a little different from the mean day.

    A row's features say x ~ N(0, 1), the score is 1 / (1 + exp(0.8 - 1.5 x)), and the label is 1 with the chance
    1 / (1 + exp(0.8 - (1.5 + v) x - u)): u moves how many are positive on a day, v how much the features say. Both are
    first-order autoregressions with correlation `lasting` from one day to the next; with `shared` 0 rows are
    independent.
    """

    name: str
    shared: float = 0.0
    """The standard deviation of u; that of v is 0.6 of it."""
    lasting: float = 0.0
    rows: int = 1000
    fallen: float = 0.0
    """The share of labels that are turned around: the model has become worse."""

    def days(self, seed: int) -> Iterator[Day]:
        """Days from a random state."""
        random = np.random.default_rng(seed)
        state = random.normal(size=2)
        fresh = np.sqrt(1 - self.lasting**2)
        while True:
            more, steeper = state * (self.shared, 0.6 * self.shared)
            x = random.normal(size=self.rows)
            chance = 1 / (1 + np.exp(0.8 - (1.5 + steeper) * x - more))
            labels = random.random(self.rows) < chance
            if self.fallen:
                labels ^= random.random(self.rows) < self.fallen
            yield Day(labels.astype(np.int8), 1 / (1 + np.exp(0.8 - 1.5 * x)))
            state = self.lasting * state + fresh * random.normal(size=2)


class Flights:
    """Real flights of 2013, their days in random order, and a logistic regression that was fitted on every other day.

    In random order nothing changes over time, and yet the flights of one day share their weather. Days are drawn
    without end, each as often as any other.
    """

    name: Final = "flights, days permuted"

    @cached_property
    def _year(self) -> list[Day]:
        from e2e.demo.flights.data import flights  # noqa: PLC0415 - reads 30 MB, and only this stream needs it
        from e2e.demo.flights.model import FEATURES, LABEL, train  # noqa: PLC0415

        rows = flights().drop_nulls(LABEL)
        model = train(rows.filter(rows["date"].dt.ordinal_day() % 2 == 0))
        kept = rows.filter(rows["date"].dt.ordinal_day() % 2 == 1)
        scores = model.predict_proba(kept.select(FEATURES).to_pandas())[:, 1]
        late, days = kept[LABEL].to_numpy().astype(np.int8), kept["date"].to_physical().to_numpy()
        return [Day(late[days == day], scores[days == day]) for day in np.unique(days)]

    def days(self, seed: int) -> Iterator[Day]:
        """Each of the year's days once, in random order, then again in another one."""
        random = np.random.default_rng(seed)
        while True:
            for number in random.permutation(len(self._year)):
                yield self._year[number]


STREAMS: Final[tuple[Stream, ...]] = (
    Synthetic("independent rows"),
    Synthetic("days differ", shared=0.35),
    Synthetic("bad days last, 0.3", shared=0.35, lasting=0.3),
    Synthetic("bad days last, 0.6", shared=0.35, lasting=0.6),
    Flights(),
)
