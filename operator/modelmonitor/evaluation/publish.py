"""Publish: the full result as JSON at `reports.uri`, so that years later it can be read what was measured and how."""

import json
from collections.abc import Mapping
from typing import Any, Final

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import EvaluationResult
from modelmonitor.api.types import format_time
from modelmonitor.domain.levels import number_of_tests, window_level
from modelmonitor.evaluation.about_data import Findings
from modelmonitor.evaluation.count import Counted
from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.objectives import segments_of
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.statistics.kinds import CONFUSION
from modelmonitor.evaluation.storage import Purpose, open_folder

FORMAT: Final = "modelmonitor.dev/evaluation-report/v1"


def publish(
    given: EvaluationInput,
    result: EvaluationResult,
    counted: Counted,
    findings: Findings,
    profile: Profile | None,
    environ: Mapping[str, str],
) -> EvaluationResult:
    """Write the report and say where it is. That it could not be written is told and never changes the verdict."""
    if given.reports is None:
        return result
    path = f"{given.namespace}/{given.monitor}/{given.evaluation}.json"
    content = json.dumps(report(given, result, counted, findings, profile), ensure_ascii=False, indent=1).encode()
    try:
        uri = open_folder(given.reports.uri, Purpose.REPORTS, environ).write(path, content)
    except EvaluationError as error:
        return result.model_copy(update={"report_problem": error.message[:512]})
    return result.model_copy(update={"report_uri": uri})


def report(
    given: EvaluationInput, result: EvaluationResult, counted: Counted, findings: Findings, profile: Profile | None
) -> dict[str, Any]:
    """The report: what was asked, what was found, by which rule, and the counts of each block of time."""
    return {
        "format": FORMAT,
        "input": given.document(),
        "result": result.document(),
        "rule": {
            "windowLevel": window_level(given.verdict, given.windows),
            "tests": number_of_tests(given.objectives, segments_of(profile)),
            "outsideTheBudget": "objectives of severity Warn, point values, drift and data quality",
            "block": "civil day" if counted.blocks.by_day else "a twentieth of the window",
            "betweenDayVariance": "Known" if counted.blocks.by_day else "Unknown",
        },
        "rows": {"window": counted.rows, "labelled": counted.labelled, "unscored": counted.unscored},
        "data": findings.document(),
        "reading": counted.reading.document(),
        "blocks": [_block(counted, number) for number in range(len(counted.blocks))],
    }


def _block(counted: Counted, number: int) -> dict[str, Any]:
    names = ("champion", "candidate")
    tallies = {name: one.tally() for name, one in zip(names, counted.accumulators, strict=False)}
    return {
        "start": format_time(counted.blocks.starts[number]),
        "rows": int(counted.rows_by_block[number]),
        "labelled": int(counted.labelled_by_block[number]),
    } | {
        # [label][prediction], the negative class first.
        name: {"confusion": tally[CONFUSION].counts[number].tolist()}
        for name, tally in tallies.items()
        if CONFUSION in tally
    }
