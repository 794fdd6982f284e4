"""What is found about the data of a window: their drift, their quality, and what the metrics can be expected to be."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.monitor import DAY
from modelmonitor.api.result import ESTIMATE, EvaluationResult, MetricResult, QualityFinding, Verdict
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.columns.reading import Family
from modelmonitor.evaluation.contenders import Contender
from modelmonitor.evaluation.count import Counted
from modelmonitor.evaluation.drift.estimate import estimate
from modelmonitor.evaluation.drift.judge import Judged, judge_drift
from modelmonitor.evaluation.plan import Plan
from modelmonitor.evaluation.quality.checks import Check
from modelmonitor.evaluation.quality.judge import Looked, judge_quality, schema_changes, summary
from modelmonitor.evaluation.reference.of_monitor import profile_of
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.reference.watched import (
    NOTHING_WATCHED,
    PREDICTION,
    TARGET,
    Watched,
    features_of,
    schema_of,
)
from modelmonitor.evaluation.segments import ALL_ROWS, Segments
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.times import instant, microseconds

_LATEST = microseconds(datetime(9999, 12, 31, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class AboutData:
    """What is looked at in a window beside the metrics."""

    profile: Profile | None = None
    watched: Watched = NOTHING_WATCHED
    layouts: tuple[Layout, ...] = ()
    """The cells at which the window is counted."""
    schema: Mapping[str, str] = field(default_factory=dict)
    """The columns of the window's files."""

    @property
    def segments(self) -> Segments:
        """The segments that are judged: those of the reference."""
        return ALL_ROWS if self.profile is None else self.profile.segments()

    def find(self, given: EvaluationInput, counted: Counted, plan: Plan, now: datetime) -> "Findings":
        """What the rows say that were counted."""
        if self is NOTHING:
            return Findings()
        drift = None
        if given.drift is not None and self.profile is not None:
            days = (given.window.end - given.window.start) / DAY
            drift = judge_drift(given.drift, self.profile, counted.columns, by_day=counted.blocks.by_day, days=days)
        quality, schema = None, None
        if given.quality is not None:
            looked = Looked(
                columns={name: one for name, one in counted.columns.items() if name not in {PREDICTION, TARGET}},
                layouts={one.name: one for one in self.layouts if one.name not in {PREDICTION, TARGET}},
                schema=self.schema,
                reference=self.profile,
                others=_future_rows(plan, now),
            )
            quality, schema = judge_quality(given.quality, looked), schema_changes(given.quality, looked)
        predictions = counted.columns.get(PREDICTION)
        if self.profile is None or self.profile.calibration is None or predictions is None or not predictions.rows:
            return Findings(drift, quality, schema)
        layout = self.profile.layouts[PREDICTION]
        estimates = estimate(self.profile.calibration, predictions.cells, layout, given.model.threshold)
        return Findings(drift, quality, schema, estimates, predictions.rows)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found about the data."""

    drift: Judged | None = None
    quality: tuple[QualityFinding, ...] | None = None
    schema: str | None = None
    """How the columns differ from the reference's, where that was asked."""
    estimates: Mapping[str, float] = field(default_factory=dict)
    """What metrics can be expected to be, by name."""
    predicted: int = 0
    """Rows that the estimates rest on."""

    def added_to(self, result: EvaluationResult) -> EvaluationResult:
        """A result with what was found. The verdict stays what the metrics make it."""
        estimates = tuple(
            MetricResult(
                name=f"estimated_{name}", verdict=Verdict.PASS, value=value, rows=self.predicted, reason=ESTIMATE
            )
            for name, value in self.estimates.items()
        )
        return result.model_copy(
            update={
                "drift": None if self.drift is None else self.drift.summary,
                "quality": None if self.quality is None else summary(self.quality, self.schema),
                "metrics": (*result.metrics, *estimates),
            }
        )

    def judged(self) -> tuple[Verdict, str, str]:
        """The verdict of a look at the data alone, its reason, and a sentence."""
        quality = Verdict.PASS if self.quality is None else summary(self.quality).verdict
        drift = Verdict.PASS if self.drift is None else self.drift.verdict
        said = "; ".join(part for part in (self._drift_said(), self._quality_said()) if part)
        for verdict in (Verdict.FAIL, Verdict.WARN, Verdict.INSUFFICIENT):
            if verdict is quality:
                return verdict, "DataInvalid" if verdict is Verdict.FAIL else "DataDoubtful", said
            if verdict is drift:
                return verdict, _OF_DRIFT[verdict], said
        return Verdict.PASS, "DataAsExpected", said or "there was nothing to look at but the rows themselves"

    def document(self) -> dict[str, Any]:
        """Everything, for the report."""
        found: dict[str, Any] = {}
        if self.drift is not None:
            scores = [
                one.document() | {"bound": self.drift.bounds[one.name]}
                if one.name in self.drift.bounds
                else one.document()
                for one in self.drift.scores
            ]
            found["drift"] = self.drift.summary.document() | {"scores": scores}
        if self.quality is not None:
            found["quality"] = {"findings": [one.document() for one in self.quality]}
        if self.estimates:
            found["estimates"] = dict(self.estimates)
        return found

    def _drift_said(self) -> str:
        if self.drift is None:
            return ""
        parts = [f"{self.drift.drifted} of {self.drift.features} features have drifted"] if self.drift.features else []
        parts += [
            f"the {score.name} has drifted"
            for score in self.drift.scores[:2]
            if score.name in {"prediction", "target"} and score.verdict in {Verdict.WARN, Verdict.FAIL}
        ]
        return ", ".join(parts) or "no drift was found"

    def _quality_said(self) -> str:
        if self.quality is None:
            return ""
        if not self.quality:
            return "the data are as the reference's"
        more = f" (and {len(self.quality) - 1} more findings)" if len(self.quality) > 1 else ""
        return f"{self.quality[0].message}{more}"


_OF_DRIFT = {Verdict.FAIL: "Drifted", Verdict.WARN: "Drifted", Verdict.INSUFFICIENT: "DriftNotMeasured"}


NOTHING = AboutData()


def about_data(
    given: EvaluationInput,
    found: Plan,
    champion: Contender | None,
    kinds: Collection[Kind[Any]],
    *,
    environ: Mapping[str, str],
    now: datetime,
    progress: Callable[[str], None],
) -> AboutData:
    """What is looked at in a window beside the metrics: its reference, if it has one, is read or found.

    Raises:
        EvaluationError: when the reference, or a footer of the window's files, cannot be read.
    """
    if not _wanted(given):
        return NOTHING
    schema = schema_of(found, given.window.start, given.window.end)
    if given.contender is not None and given.data.reference is not None:
        columns = tuple(dict.fromkeys(column for one in given.challenger.guards for column in one.segments))
        profile = profile_of(
            given,
            given.data.reference,
            found,
            champion,
            environ=environ,
            now=now,
            progress=progress,
            kinds=(),
            segments=columns,
        )
        return AboutData(profile, NOTHING_WATCHED, (), schema)
    if given.data.reference is None:
        names = features_of(schema, given.data.columns)
        layouts = tuple(Layout.of_presence(name, schema[name], Family.OTHER) for name in names)
        return AboutData(None, Watched(names), layouts, schema)
    profile = profile_of(
        given,
        given.data.reference,
        found,
        champion,
        environ=environ,
        now=now,
        progress=progress,
        kinds=[kind for kind in kinds if not kind.of_all_rows],
        segments=tuple(dict.fromkeys(column for one in given.objectives for column in one.segments)),
    )
    # A look at the data alone comes before labels: those that are there already are not those of all rows.
    counted = [layout for layout in profile.layouts.values() if layout.name != TARGET or given.objectives]
    there = {layout.name for layout in counted}
    watched = Watched(profile.features, predictions=PREDICTION in there, labels=TARGET in there)
    return AboutData(profile, watched, tuple(counted), schema)


def _future_rows(plan: Plan, now: datetime) -> tuple[QualityFinding, ...]:
    """Rows later than the wall clock, as far as footers tell."""
    limit = microseconds(now)
    late = sorted((span[1], path) for path, span in plan.spans.items() if span[1] > limit)
    if not late:
        return ()
    newest, path = late[-1]
    said = f"{len(late)} files hold events later than now, up to {instant(min(newest, _LATEST)):%Y-%m-%d %H:%M} UTC"
    return (
        QualityFinding(
            check=Check.FUTURE_ROWS, verdict=Verdict.WARN, message=f"{said} in {path}; is a clock wrong?"[:256]
        ),
    )


def _wanted(given: EvaluationInput) -> bool:
    """Whether the data are looked at, or compared with a reference; of two models only the guards' segments are its."""
    if given.contender is not None:
        return any(one.segments for one in given.challenger.guards)
    return not (given.drift is None and given.quality is None and given.data.reference is None)
