"""Grading: what a model is worth on some rows, by the evaluation's own metrics; values only, for people and a search.

Whether a candidate is better is the operator's to say, on rows of later windows and with intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

import numpy as np

from modelmonitor.api.training import TrainingSpec
from modelmonitor.evaluation.accumulate import Accumulator, Tally
from modelmonitor.evaluation.blocks import Blocks
from modelmonitor.evaluation.evaluate import zone_of
from modelmonitor.evaluation.metrics import Measure
from modelmonitor.evaluation.models import Model
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.parquet import BATCH_ROWS
from modelmonitor.evaluation.scan import Needed, Rows
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.tasks import measure_by_name, measure_for, rescored
from modelmonitor.evaluation.times import instant
from modelmonitor.training.data import Sample

_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Grader:
    """Measures models."""

    spec: TrainingSpec
    deciding: str
    """The name of the metric of the comparison."""
    measures: Mapping[str, Measure]
    """By name, that of the comparison first."""

    @classmethod
    def of(cls, spec: TrainingSpec) -> Self:
        """By the metric of the comparison, and by those of the monitor.

        Raises:
            InputError: when the metric of the comparison is none of the task's.
        """
        deciding = spec.challenger.metric
        measures: dict[str, Measure] = {deciding.value: measure_by_name(deciding, spec.metrics, spec.model)}
        for metric in spec.metrics:
            measures.setdefault(metric.full_name, measure_for(metric, spec.model))
        return cls(spec, deciding.value, measures)

    @property
    def needed(self) -> tuple[Needed, ...]:
        """Columns that the metrics read beside labels and predictions."""
        return tuple(need for kind in self._kinds(self.measures) for need in kind.columns)

    def values(self, model: Model, sample: Sample) -> dict[str, float]:
        """The metrics of a model by name, without those that are not defined on these rows or for this model.

        Raises:
            ModelError: when the model cannot score the rows.
        """
        return self._values(self.measures, model, sample)

    def score(self, model: Model, sample: Sample) -> float:
        """The metric of the comparison, made so that greater is better; NaN where it is not defined."""
        measure = self.measures[self.deciding]
        value = self._values({self.deciding: measure}, model, sample).get(self.deciding, float("nan"))
        return value if measure.greater_is_better else -value

    def measurable(self, model: Model) -> bool:
        """Whether the metric of the comparison can be had of a model: not that of scores of one that has none."""
        predictor = rescored(model, self.spec.model)
        return predictor.has_scores or not any(kind.of_scores for kind in self.measures[self.deciding].needs)

    def _values(self, measures: Mapping[str, Measure], model: Model, sample: Sample) -> dict[str, float]:
        tally = self._tally(measures, model, sample)
        found = {
            name: measure.leave_one_out(tally).value
            for name, measure in measures.items()
            if all(kind in tally for kind in measure.needs)
        }
        return {name: float(value) for name, value in found.items() if np.isfinite(value)}

    def _tally(self, measures: Mapping[str, Measure], model: Model, sample: Sample) -> Tally:
        kinds = self._kinds(measures)
        columns = tuple(dict.fromkeys(need.column for kind in kinds for need in kind.columns))
        predictor = rescored(model, self.spec.model)
        # There are no intervals here, but a group that is compared must have rows in several blocks.
        first, last = (instant(int(moment)) for moment in (sample.times[0], sample.times[-1]))
        blocks = Blocks.of(first, last + _INSTANT, zone_of(self.spec.windows))
        accumulator = Accumulator(
            kinds, len(blocks), classes=len(self.spec.model.classes or (0, 1)), with_scores=predictor.has_scores
        )
        start = 0
        for batch in sample.table.to_batches(max_chunksize=BATCH_ROWS):
            stop = start + batch.num_rows
            said = predictor.predict(Rows(batch, sample.times[start:stop], "the training rows"))
            pairs = Pairs(
                sample.truth[start:stop],
                said.predicted,
                said.scores,
                {name: batch.column(name) for name in columns},
            )
            answered = pairs.only(said.answered)
            accumulator.add(blocks.index(sample.times[start:stop])[said.answered], (), answered)
            start = stop
        return accumulator.tally()

    @staticmethod
    def _kinds(measures: Mapping[str, Measure]) -> tuple[Kind[Any], ...]:
        return tuple(dict.fromkeys(kind for measure in measures.values() for kind in measure.needs))
