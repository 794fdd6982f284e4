"""The seam: the only place where the benches touch the inside of our engine.

For whole commands they call `modelmonitor evaluate -f monitor.yaml`; for everything else this file. What the engine
cannot do yet is not in `abilities`, and the benches then print that it was not measured.

    python -m bench.ours MONITOR.yaml --repeat 3
"""

import argparse
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.peers.phases import Phases

phases = Phases()
with phases("import"):
    import numpy as np
    from numpy.typing import NDArray

    from modelmonitor.api.metric_names import MetricName, Task
    from modelmonitor.api.monitor import DAY, Labels, ModelMonitorSpec, VerdictPolicy, Windows
    from modelmonitor.api.objectives import Metric
    from modelmonitor.api.result import EvaluationResult, MetricResult
    from modelmonitor.cli.manifest import read_manifest
    from modelmonitor.domain.levels import YEAR, per_test, window_level
    from modelmonitor.evaluation.accumulate import Accumulator, Tally
    from modelmonitor.evaluation.evaluate import evaluate
    from modelmonitor.evaluation.judge import judge_objective
    from modelmonitor.evaluation.local import input_for, newest_closed_window
    from modelmonitor.evaluation.metrics import CATALOGUE
    from modelmonitor.evaluation.objectives import long_run_of
    from modelmonitor.evaluation.pairs import Pairs
    from modelmonitor.evaluation.statistics.serial import LongRun

THRESHOLD: Final = 0.5
BINARY: Final = CATALOGUE[Task.BINARY_CLASSIFICATION]
METRICS: Final = tuple(BINARY)
KINDS: Final = frozenset(kind for measure in BINARY.values() for kind in measure.needs)


def abilities() -> frozenset[str]:
    """What of the bench's scenarios this engine can do, by the fields of its API."""
    found = {"blocks"}
    if "drift" in ModelMonitorSpec.model_fields:
        found.add("drift")
    if "segments" in Metric.model_fields:
        found.add("segments")
    if "join" in Labels.model_fields:
        found.add("join")
    return frozenset(found)


def evaluate_manifest(path: Path) -> EvaluationResult:
    """The whole evaluation of the newest closed window, through files, in this process."""
    manifest, now = read_manifest(path), datetime.now(UTC)
    window = newest_closed_window(manifest.spec, {}, now)
    # As in a Job: with reports, beside which the reference's profile is kept. The command line writes nothing.
    given = input_for(manifest, window).model_copy(update={"reports": manifest.spec.reports})
    return evaluate(given, environ={}, now=now, progress=lambda _: None)


@dataclass(frozen=True, slots=True)
class Cadence:
    """How a monitor cuts time, and which false alarms it tolerates."""

    days: int
    """Length of a window, and its step."""
    failures_to_trip: int = 2
    false_alarms_per_year: float = 0.5

    @property
    def windows(self) -> Windows:
        """spec.windows."""
        return Windows(length=self.days * DAY, every=self.days * DAY)

    @property
    def a_year(self) -> float:
        """Windows in a year."""
        return YEAR / (self.days * DAY)

    def level(self, tests: int) -> float:
        """The one-sided level of each of so many tests that share a window."""
        policy = VerdictPolicy(failures_to_trip=self.failures_to_trip, false_alarms_per_year=self.false_alarms_per_year)
        return per_test(window_level(policy, self.windows), tests)


def accumulator(blocks: int) -> Accumulator:
    """Nothing counted yet, for all metrics."""
    return Accumulator(KINDS, blocks)


def pairs(labels: NDArray[np.int8], scores: NDArray[np.float64]) -> Pairs:
    """Labels and predictions, both arrays of shape (rows,)."""
    return Pairs(labels.astype(np.intp), (scores >= THRESHOLD).astype(np.intp), scores)


def tally_of_days(days: Tally, start: int, length: int) -> Tally:
    """The statistics of some of the days."""
    chosen = slice(start, start + length)
    return Tally({kind: statistic.part(chosen) for kind, statistic in days.statistics.items()})


def value(name: MetricName, tally: Tally) -> float:
    """A metric's value."""
    return BINARY[name].leave_one_out(tally).value


def long_run(name: MetricName, reference: Tally) -> LongRun:
    """What a reference shows of days."""
    return long_run_of(BINARY[name], reference)


def judged(
    name: MetricName, boundary: float, tally: Tally, alpha: float, known: LongRun, *, by_day: bool
) -> MetricResult:
    """What a monitor says of a metric whose objective is that it be no worse than the boundary."""
    measure = BINARY[name]
    objective = Metric.model_validate({"name": name, "min" if measure.greater_is_better else "max": boundary})
    return judge_objective(objective, measure, tally, alpha, by_day=by_day, known=known)


def main() -> None:
    """Measure the evaluation of a manifest, in process; or tell what the engine can do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifest", type=Path, nargs="?")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    if given.manifest is None:
        phases.print(abilities=sorted(abilities()))
        return
    best, first, found = math.inf, 0.0, None
    for number in range(given.repeat):
        began = time.perf_counter()
        found = evaluate_manifest(given.manifest)
        seconds = time.perf_counter() - began
        best, first = min(best, seconds), first if number else seconds
    said: dict[str, Any] = {} if found is None else {"verdict": found.verdict, "rows": found.rows}
    phases.print(first=first, best=best, **said)


if __name__ == "__main__":
    main()
