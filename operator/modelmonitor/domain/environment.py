"""What a training Job is told, in its environment: the contract of `spec.retrain`."""

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.status import Attempt
from modelmonitor.api.training import SPEC_VARIABLE, TrainingSpec
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
    """What every training of a monitor is told of its spec."""
    return {SPEC_VARIABLE: TrainingSpec.of(spec).text()}
