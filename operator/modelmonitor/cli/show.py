"""A result as a person wants to read it in a terminal."""

from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from modelmonitor.api.result import (
    ESTIMATE,
    Comparison,
    ComparisonResult,
    DriftResult,
    DriftScore,
    EvaluationResult,
    GuardVerdict,
    Look,
    MetricResult,
    Paired,
    QualityResult,
    Verdict,
)
from modelmonitor.cli.times import local
from modelmonitor.domain.side_by_side import lacking

STYLES = {
    Verdict.PASS: "bold green",
    Verdict.WARN: "bold yellow",
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold red",
    Verdict.INSUFFICIENT: "bold blue",
    Verdict.NO_DATA: "bold blue",
}
_COMPARED = {
    Comparison.BETTER: ("bold green", "the candidate is better"),
    Comparison.NOT_BETTER: ("bold red", "the candidate is not shown to be better"),
    Comparison.NO_EVIDENCE: ("bold blue", "nothing can be said of the candidate"),
}
_OF_GUARDS = {
    "GuardBroken": "the candidate is better, but not shown to be no worse where it must not be",
    "GuardNotJudged": "the candidate is better, but one of its guards cannot be judged",
}
_GUARDS = {
    GuardVerdict.KEPT: "bold green",
    GuardVerdict.BROKEN: "bold red",
    GuardVerdict.NO_EVIDENCE: "bold blue",
}


def show(console: Console, result: EvaluationResult, zone: ZoneInfo) -> None:
    """Print a result: what was looked at, the metrics, the comparison, and the verdict last."""
    parts: list[RenderableType] = [_facts(result, zone)]
    if result.metrics:
        parts.append(_metrics(result.metrics))
        parts.append(Text(_how(result.metrics), style="dim"))
    if result.drift is not None:
        parts.append(_drift(result.drift))
    if result.quality is not None:
        parts.append(_quality(result.quality))
    if result.comparison is not None:
        parts.append(_comparison(result.comparison))
    word = result.verdict.value if result.verdict else result.look.value
    style = STYLES[result.verdict] if result.verdict else "bold blue"
    parts.append(Text.assemble((word, style), f"  {result.message}"))
    console.print(Group(*(Padding(part, (0, 0, 1, 0)) for part in parts[:-1]), parts[-1]))


def _facts(result: EvaluationResult, zone: ZoneInfo) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    if result.window is not None:
        start, end = local(result.window.start, zone), local(result.window.end, zone)
        table.add_row("Window", f"{start} to {end} ({zone.key}), number {result.window.index}")
    if result.data_through is not None:
        table.add_row("Newest event", local(result.data_through, zone))
    for name, model in (("Model", result.model), ("Candidate", result.candidate)):
        if model is not None:
            digest = f"  {model.digest[:19]}…" if model.digest else ""
            table.add_row(name, f"{model.uri}{digest}")
            for said in (model.kind, *model.remarks):
                if said is not None:
                    table.add_row("", Text(said, style="dim"))
    if result.look is not Look.OPEN:
        covered = f", {result.coverage:.1%} with a label" if result.coverage is not None else ""
        others = f"; {result.left_out:,} of other versions left out" if result.left_out else ""
        table.add_row("Rows", f"{result.rows:,}{covered}{others}")
    return table


def _metrics(metrics: tuple[MetricResult, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("Metric", "Value", "Interval", "Objective", "Verdict", "Rows", "Blocks"):
        table.add_column(name, justify="right" if name in {"Value", "Rows", "Blocks"} else "left")
    for metric in metrics:
        table.add_row(
            metric.name,
            "–" if metric.value is None else f"{metric.value:.4f}",
            "–" if metric.low is None else f"{metric.low:.4f} to {metric.high:.4f}",
            " ".join(
                f"{sign} {bound:g}" for sign, bound in (("≥", metric.min), ("≤", metric.max)) if bound is not None
            ),
            Text("not judged", style="dim") if metric.reason == ESTIMATE else _worded(metric.verdict),
            f"{metric.rows:,}",
            str(metric.blocks),
        )
    return table


def _worded(verdict: Verdict) -> Text:
    return Text(verdict.value, style=STYLES[verdict])


def _how(metrics: tuple[MetricResult, ...]) -> str:
    levels = [metric.level for metric in metrics if metric.level is not None]
    if not levels:
        return "No metric has an interval."
    effects = [metric.design_effect for metric in metrics if metric.design_effect is not None]
    text = f"Each end of an interval holds with {levels[0]:.1%} confidence"
    if effects and max(effects) >= 1.5:
        text += f"; rows of one block are alike, which makes variances up to {max(effects):.0f} times larger"
    if any(metric.reason for metric in metrics if metric.level is not None):
        text += "; windows under five days cannot show how days differ, so the truth may vary more than this"
    return text + "."


def _drift(result: DriftResult) -> Group:
    said = f"{result.drifted} of {result.features} features have drifted" if result.features else ""
    line = Text.assemble("Drift  ", (result.verdict.value, STYLES[result.verdict]), f"  {said}")
    if not result.scores:
        return Group(line)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("  Column", "Method", "Value", "By chance", "Limit", "Verdict"):
        table.add_column(name, justify="right" if name in {"Value", "By chance"} else "left")
    for score in result.scores:
        table.add_row(
            f"  {score.name}",
            score.method.value,
            "–" if score.value is None else f"{score.value:.4f}",
            "–" if score.expected is None else f"{score.expected:.4f}",
            _limit(score),
            Text.assemble((score.verdict.value, STYLES[score.verdict]), f"  {score.reason}" if score.reason else ""),
        )
    return Group(line, table)


def _limit(score: DriftScore) -> str:
    if score.limit is None:
        return ""
    return f"≤ {score.limit:g}" if score.p_value is None else f"p {score.p_value:.2g} ≥ {score.limit:g}"


def _quality(result: QualityResult) -> Group:
    line = Text.assemble("Data   ", (result.verdict.value, STYLES[result.verdict]))
    found = [
        Text.assemble("  ", (finding.verdict.value, STYLES[finding.verdict]), f"  {finding.message}")
        for finding in result.findings
    ]
    return Group(line, *found)


def _comparison(result: ComparisonResult) -> Group:
    style, said = _COMPARED[result.verdict]
    said = _OF_GUARDS.get(result.reason or "", said)
    line = Text.assemble((result.verdict.value, style), f"  {said}")
    beside = (_others(result.others),) if result.others else ()
    if result.difference is None:
        why = lacking(result) or f"{result.metric}: {result.reason}"
        return Group(line, Text(f"  {why}"), *beside)
    table = Table.grid(padding=(0, 2))
    table.add_row(f"  {result.metric} of the champion", f"{result.champion:.4f}")
    table.add_row(f"  {result.metric} of the candidate", f"{result.candidate:.4f}")
    table.add_row("  difference", f"{result.difference:+.4f}, at least {result.low:+.4f} with {result.confidence:.0%}")
    table.add_row("  needed", f"more than {result.minimum_gain:+.4f}")
    table.add_row("  on the same", f"{result.rows:,} rows in {result.blocks} blocks")
    if result.verdict is Comparison.NO_EVIDENCE:
        table.add_row("  but", lacking(result))
    return Group(line, table, *beside)


def _others(others: tuple[Paired, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("  Beside it", "Champion", "Candidate", "Difference", "Interval", "Guard"):
        table.add_column(name, justify="left" if name in {"  Beside it", "Guard"} else "right")
    for one in others:
        table.add_row(
            f"  {one.metric}",
            *("–" if value is None else f"{value:.4f}" for value in (one.champion, one.candidate)),
            "–" if one.difference is None else f"{one.difference:+.4f}",
            "–" if one.low is None else f"{one.low:+.4f} to {one.high:+.4f}",
            _guard(one),
        )
    return table


def _guard(one: Paired) -> Text:
    if one.guard is None or one.margin is None:
        return Text(one.reason or "", style="dim")
    confidence = f" with {one.confidence:.4g}" if one.confidence is not None else ""
    said = f"  {one.reason}" if one.reason else f"  more than {-one.margin:+g}{confidence}"
    return Text.assemble((one.guard.value, _GUARDS[one.guard]), said)
