"""/metrics: what the statuses in the cache say, read when Prometheus asks. A series vanishes with its monitor."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from modelmonitor.api.job import Stage
from modelmonitor.api.result import Verdict
from modelmonitor.api.status import Phase
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.projections import MonitorSeen
from modelmonitor.controller.queue import Queue

_MONITOR: Final = ["namespace", "monitor"]
_METRIC: Final = [*_MONITOR, "metric"]
_DRIFT: Final = [*_MONITOR, "feature", "method"]


class MonitorCollector(Collector):
    """Series of every monitor: at most 5 for each of 8 metrics, 2 for each of 16 columns, and 9 + phases + verdicts."""

    def __init__(self, cache: Cache, queue: Queue) -> None:
        self._cache = cache
        self._queue = queue

    def collect(self) -> Iterable[Metric]:
        """All series, now."""
        families = _Families()
        for monitor in self._cache.monitors:
            families.add(monitor)
        yield from families.all()
        yield GaugeMetricFamily("modelmonitor_queue_length", "Monitors that wait to be reconciled.", len(self._queue))
        wait = self._queue.oldest_wait().total_seconds()
        yield GaugeMetricFamily("modelmonitor_queue_oldest_seconds", "How long the oldest of them has waited.", wait)
        failing = self._queue.failing()
        yield GaugeMetricFamily("modelmonitor_queue_failing", "Monitors that were not done with, and wait.", failing)


class _Families:
    def __init__(self) -> None:
        self.value = GaugeMetricFamily(
            "modelmonitor_metric_value", "Value on the newest judged window.", labels=_METRIC
        )
        self.low = GaugeMetricFamily("modelmonitor_metric_low", "Lower end of its interval.", labels=_METRIC)
        self.high = GaugeMetricFamily("modelmonitor_metric_high", "Upper end of its interval.", labels=_METRIC)
        self.objective = GaugeMetricFamily(
            "modelmonitor_metric_objective", "Its objective.", labels=[*_METRIC, "bound"]
        )
        self.metric_verdict = GaugeMetricFamily(
            "modelmonitor_metric_verdict", "1 for the verdict of its objective.", labels=[*_METRIC, "verdict"]
        )
        self.verdict = GaugeMetricFamily(
            "modelmonitor_verdict",
            "1 for the verdict on the newest judged window of the stage.",
            labels=[*_MONITOR, "stage", "verdict"],
        )
        self.phase = GaugeMetricFamily("modelmonitor_phase", "1 for the monitor's phase.", labels=[*_MONITOR, "phase"])
        self.rows = GaugeMetricFamily("modelmonitor_window_rows", "Rows of the newest judged window.", labels=_MONITOR)
        self.coverage = GaugeMetricFamily(
            "modelmonitor_window_label_coverage_ratio", "Share of its rows with a label.", labels=_MONITOR
        )
        self.end = GaugeMetricFamily(
            "modelmonitor_window_end_timestamp_seconds", "End of the newest judged window.", labels=_MONITOR
        )
        self.evaluated = GaugeMetricFamily(
            "modelmonitor_evaluation_timestamp_seconds", "When its result was read.", labels=_MONITOR
        )
        self.drift = GaugeMetricFamily(
            "modelmonitor_drift_score", "How far a column has moved on the newest window.", labels=_DRIFT
        )
        self.drift_limit = GaugeMetricFamily("modelmonitor_drift_limit", "Its objective.", labels=_DRIFT)
        self.drifted = GaugeMetricFamily(
            "modelmonitor_drifted_features", "Features that have drifted on the newest window.", labels=_MONITOR
        )
        self.pending = GaugeMetricFamily(
            "modelmonitor_pending_windows", "Windows that wait for labels, counted up to 16.", labels=_MONITOR
        )
        self.failing = GaugeMetricFamily(
            "modelmonitor_failing_windows", "Separate windows in a row that failed.", labels=_MONITOR
        )
        self.trips = CounterMetricFamily("modelmonitor_trips", "Remediations begun.", labels=_MONITOR)
        self.model = GaugeMetricFamily(
            "modelmonitor_serving_model_info", "1 for the model in service.", labels=[*_MONITOR, "uri", "digest"]
        )

    def all(self) -> Iterable[Metric]:
        return vars(self).values()

    def add(self, monitor: MonitorSeen) -> None:
        status: dict[str, Any] = json.loads(monitor.status)
        labels = [monitor.key.namespace, monitor.key.name]
        for phase in Phase:
            self.phase.add_metric([*labels, phase], status.get("phase") == phase)
        self.failing.add_metric(labels, len(status.get("failingWindows") or []))
        self.trips.add_metric(labels, status.get("trips") or 0)
        self.pending.add_metric(labels, len(status.get("pendingWindows") or []))
        serving = status.get("servingModel")
        if serving:
            self.model.add_metric([*labels, serving["uri"], serving.get("digest") or ""], 1)
        latest = status.get("lastEvaluation")
        if latest:
            self._latest(labels, latest)
        data = status.get("lastDataEvaluation")
        if data:
            self._data(labels, data)

    def _verdict(self, labels: list[str], stage: Stage, found: str) -> None:
        for verdict in Verdict:
            self.verdict.add_metric([*labels, stage, verdict], found == verdict)

    def _data(self, labels: list[str], latest: dict[str, Any]) -> None:
        self._verdict(labels, Stage.DATA, latest["verdict"])
        drift = latest.get("drift")
        if not drift:
            return
        self.drifted.add_metric(labels, drift.get("drifted") or 0)
        for score in drift.get("scores") or []:
            named = [*labels, score["name"], score["method"]]
            for family, field in ((self.drift, "value"), (self.drift_limit, "limit")):
                if score.get(field) is not None:
                    family.add_metric(named, score[field])

    def _latest(self, labels: list[str], latest: dict[str, Any]) -> None:
        self._verdict(labels, Stage.QUALITY, latest["verdict"])
        self.rows.add_metric(labels, latest.get("rows") or 0)
        if latest.get("coverage") is not None:
            self.coverage.add_metric(labels, latest["coverage"])
        self.end.add_metric(labels, _seconds(latest["window"]["end"]))
        self.evaluated.add_metric(labels, _seconds(latest["completedAt"]))
        for metric in latest.get("metrics") or []:
            named = [*labels, metric["name"]]
            self.metric_verdict.add_metric([*named, metric["verdict"]], 1)
            for family, field in ((self.value, "value"), (self.low, "low"), (self.high, "high")):
                if metric.get(field) is not None:
                    family.add_metric(named, metric[field])
            for bound in ("min", "max"):
                if metric.get(bound) is not None:
                    self.objective.add_metric([*named, bound], metric[bound])


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
