"""What a training Job is told, in its environment: the contract of `spec.retrain`."""

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.status import Attempt
from modelmonitor.api.types import format_time


def training_environment(monitor: str, attempt: Attempt) -> dict[str, str]:
    """The variables of an attempt's training."""
    failed = attempt.because[-1]
    return {
        "MODELMONITOR_MONITOR": monitor,
        "MODELMONITOR_WINDOW_START": format_time(failed.start),
        "MODELMONITOR_WINDOW_END": format_time(failed.end),
        "MODELMONITOR_TRAIN_START": format_time(attempt.train_start),
        "MODELMONITOR_TRAIN_END": format_time(attempt.train_end),
        "MODELMONITOR_CHAMPION_URI": attempt.champion,
        "MODELMONITOR_OUTPUT_URI": attempt.output_uri,
        "MODELMONITOR_REASON": attempt.reason,
    }


def spec_environment(spec: ModelMonitorSpec) -> dict[str, str]:
    """What the shipped trainer needs to know of a monitor's spec: where its rows are."""
    files, columns = spec.data.current.files, spec.data.columns
    return {
        "MODELMONITOR_DATA_URI": files.uri if files else "",
        "MODELMONITOR_DATA_PARTITIONING": files.partitioning if files else "",
        "MODELMONITOR_DATA_TIMESTAMP": columns.timestamp,
        "MODELMONITOR_DATA_LABEL": columns.label,
    }
