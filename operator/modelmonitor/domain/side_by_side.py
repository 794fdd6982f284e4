"""What a comparison of two models says, in short and in words."""

from typing import Final

from modelmonitor.api.result import Comparison, ComparisonResult, GuardVerdict, Paired, objective_of

_MOST_GUARDS: Final = 3
_KEEPS_FROM: Final = {Comparison.NOT_BETTER: GuardVerdict.BROKEN, Comparison.NO_EVIDENCE: GuardVerdict.NO_EVIDENCE}
"""What a guard is that keeps a candidate from being better, by what the comparison says."""


def in_short(measured: ComparisonResult) -> ComparisonResult:
    """What of a comparison stands in the monitor's status; the ModelEvaluation has all of it.

    That is, beside the metric that decides, the guards that keep the candidate from being better.
    """
    decisive = _KEEPS_FROM.get(measured.verdict)
    guards = [one for one in measured.others if one.guard is not None and one.guard is decisive]
    if decisive is GuardVerdict.NO_EVIDENCE:
        # A segment with too few rows decides nothing.
        guards = [one for one in guards if one.metric == objective_of(one.metric)]
    baselines = measured.baselines if measured.verdict is Comparison.BETTER else ()
    short = {"others": tuple(guards[:_MOST_GUARDS]), "omitted": 0, "baselines": baselines}
    return measured.model_copy(update=short)


def without_baselines(measured: ComparisonResult | None) -> ComparisonResult | None:
    """What is kept of a comparison when all is decided: what the candidate is held to stands where it is needed."""
    return None if measured is None else measured.model_copy(update={"baselines": ()})


def side_by_side(measured: ComparisonResult) -> str:
    """Both models' values and the bound, as a phrase."""
    values = [measured.champion, measured.candidate, measured.difference, measured.low]
    champion, candidate, difference, low = ("?" if value is None else f"{value:.4f}" for value in values)
    return (
        f"{measured.metric} {champion} serving, {candidate} challenging, difference {difference}, "
        f"at least {low} with confidence {measured.confidence:g}; {measured.rows} rows in {measured.blocks} blocks"
        f"{' of the window that was selected for being bad' if measured.selected else ''}"
    )


def not_better(measured: ComparisonResult) -> str:
    """Why a candidate is refused, as a sentence: the guards that it breaks, else that it is not better."""
    broken = [one for one in measured.others if one.guard is GuardVerdict.BROKEN]
    if not (measured.reason and broken):
        return f"Not better: {side_by_side(measured)}."
    guards = "; ".join(_guard(one, measured) for one in broken[:_MOST_GUARDS])
    return f"Worse where it must not be, or not shown not to be: {guards}. {side_by_side(measured)}."


def lacking(measured: ComparisonResult) -> str:
    """What was too little to compare by, as a phrase; empty where it is no metric that says so."""
    guards = [one for one in measured.others if one.guard is GuardVerdict.NO_EVIDENCE]
    deciding: list[ComparisonResult | Paired] = [measured, *guards]
    for one in deciding:
        if one.counted is not None and one.needed is not None:
            of = "rows" if one.reason == "TooFewRows" else "blocks of time"
            return f"{one.metric} rests on {one.counted} {of}, {one.needed} are needed"
    return f"{guards[0].metric} cannot be judged: {guards[0].reason}" if guards else ""


def _guard(one: Paired, measured: ComparisonResult) -> str:
    values = [one.champion, one.candidate, one.low]
    champion, candidate, low = ("?" if value is None else f"{value:.4f}" for value in values)
    confidence = measured.confidence if one.confidence is None else one.confidence
    return (
        f"{one.metric} {champion} serving, {candidate} challenging, at least {low} with confidence {confidence:g}, "
        f"more than {-(one.margin or 0):g} is needed"
    )
