"""The whole chain: one look at one window."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.monitor import Data, Windows
from modelmonitor.api.result import ComparisonResult, EvaluationResult, Look, ModelIdentity, Verdict
from modelmonitor.evaluation.about_data import NOTHING, AboutData, Findings, about_data
from modelmonitor.evaluation.contenders import Contender, candidate_of, champion_of
from modelmonitor.evaluation.count import Counted, Wanted, count
from modelmonitor.evaluation.errors import EvaluationError, InputError, ResourceError
from modelmonitor.evaluation.join import label_source
from modelmonitor.evaluation.judge import Judgement
from modelmonitor.evaluation.limits import UNLIMITED, Limits
from modelmonitor.evaluation.measures import Measures, compared, no_evidence
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.objectives import judged
from modelmonitor.evaluation.plan import Plan, Planner, Source, plan
from modelmonitor.evaluation.publish import publish
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.sample import Sample
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.evaluation.tasks import labels_of
from modelmonitor.evaluation.versions import VersionFilter

_INSTANT = timedelta(microseconds=1)


def evaluate(
    given: EvaluationInput,
    *,
    environ: Mapping[str, str],
    now: datetime,
    progress: Callable[[str], None],
    limits: Limits = UNLIMITED,
    planned: Planner = plan,
) -> EvaluationResult:
    """Look at a window.

    Args:
        given: what to measure.
        environ: where the credentials of the stores are.
        now: the wall clock; later rows are taken for mistakes.
        progress: told what is happening, a line at a time.
        limits: of memory and of disk.
        planned: what is known of the source; a backtest knows less than what there is by now.

    Raises:
        EvaluationError: whatever keeps it from measuring.
    """
    began = monotonic()
    found = planned(source_of(given.data, given.windows, environ), now)
    progress(f"{len(found.files)} files in {found.source.folder.uri}, newest event {_said(found.data_through)}")
    try:
        result = _look(given, found, limits, environ=environ, now=now, progress=progress)
    except MemoryError as error:
        raise ResourceError(
            "MemoryTooSmall", "memory ran out: raise spec.jobs.resources.limits.memory, or shorten windows.length"
        ) from error
    return result.model_copy(
        update={"window": given.window, "data_through": found.data_through, "seconds": round(monotonic() - began, 3)}
    )


def source_of(data: Data, windows: Windows, environ: Mapping[str, str]) -> Source:
    """Where the rows of production are.

    Raises:
        InputError: when the spec names no files, or no time zone that there is.
    """
    files = data.current.files
    if files is None:
        raise InputError("SourceUnknown", "data.current.files is missing: this release reads files only")
    folder = open_folder(files.uri, Purpose.DATA, environ)
    return Source(folder, files.partitioning, data.columns.timestamp, zone_of(windows))


def zone_of(windows: Windows) -> ZoneInfo:
    """The time zone of civil days.

    Raises:
        InputError: when there is none of this name.
    """
    try:
        return ZoneInfo(windows.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(
            "TimeZoneUnknown",
            f"windows.timeZone: {windows.time_zone!r} is not a time zone; write an IANA name such as Europe/Vienna",
        ) from error


def _look(
    given: EvaluationInput,
    found: Plan,
    limits: Limits,
    *,
    environ: Mapping[str, str],
    now: datetime,
    progress: Callable[[str], None],
) -> EvaluationResult:
    if found.data_through is None:
        return _open("SourceEmpty", f"{found.source.folder.uri} holds no rows yet")
    if found.data_through < given.closes:
        return _open(
            "WindowOpen",
            f"the newest event is of {_said(found.data_through)}; the window closes with one of"
            f" {_said(given.closes)} or later",
        )
    measures = Measures.of(given)
    sample = Sample(found, given.window.start, given.window.end)
    champion = champion_of(given, environ, sample) if _needs_champion(given) else None
    candidate = candidate_of(given, environ)
    contenders = [one for one in (champion, candidate) if one is not None]
    for remark in (remark for contender in contenders for remark in contender.remarks):
        progress(remark)
    start, why_empty = _first_instant(given, champion)
    if start >= given.window.end:
        return _named(given, _insufficient(given, why_empty, _EMPTY[why_empty]), contenders)
    # Of no row nothing is to be said, and an endpoint that was not asked about one cannot be asked about the reference.
    about, trouble = NOTHING, ""
    if not sample.is_empty:
        about, trouble = _about_data(
            given, found, champion, measures.kinds, environ=environ, now=now, progress=progress
        )
    labels = labels_of(given.data.columns, given.model) if _judges_model(given) else None
    wanted = Wanted(
        labels,
        [one.predictor for one in contenders],
        measures.kinds,
        about.segments,
        classes=len(given.model.classes or (0, 1)),
        watched=about.watched,
        layouts=about.layouts,
        apart=None if labels is None else label_source(given.data, found.source.zone, environ, now),
        limits=limits,
        versions=_versions(given, champion, environ),
    )
    counted = count(found, start, given.window.end, wanted, progress)
    progress(f"{counted.rows:,} rows in the window, {counted.labelled:,} with a label, {counted.unscored:,} unscored")
    findings = about.find(given, counted, found, now) if counted.rows else Findings()
    digest = champion.identity.digest if champion is not None else None
    result = _result(given, measures, found.data_through, counted, why_empty, findings, about.profile, digest)
    result = _named(given, findings.added_to(result), contenders).model_copy(
        update={
            "rows": counted.rows,
            "coverage": None if labels is None else counted.coverage,
            "left_out": counted.reading.left_out,
            "message": "; ".join(part for part in (result.message, _left_out(counted), trouble) if part),
        }
    )
    return (
        result if result.look is not Look.JUDGED else publish(given, result, counted, findings, about.profile, environ)
    )


def _judges_model(given: EvaluationInput) -> bool:
    """Whether a model is judged; otherwise it is a look at the data alone, which takes no labels."""
    return bool(given.objectives) or given.contender is not None


def _needs_champion(given: EvaluationInput) -> bool:
    """Whether predictions are looked at: a look at the data alone need load no model."""
    return _judges_model(given) or bool(given.drift and given.drift.prediction)


def _about_data(
    given: EvaluationInput,
    found: Plan,
    champion: Contender | None,
    kinds: Collection[Kind[Any]],
    *,
    environ: Mapping[str, str],
    now: datetime,
    progress: Callable[[str], None],
) -> tuple[AboutData, str]:
    """What is looked at beside the metrics, and what keeps it from being looked at.

    A reference that cannot be read, its days long deleted, must not keep the model from being judged.

    Raises:
        EvaluationError: when there are no metrics, so that nothing could be said at all; or when two models are
            compared on its segments, since one that is worse on one of them must not be taken for better.
    """
    try:
        return about_data(given, found, champion, kinds, environ=environ, now=now, progress=progress), ""
    except EvaluationError as error:
        if not _judges_model(given) or given.contender is not None:
            raise
        unmeasured = "nothing is compared with the reference (drift, quality, segments)"
        progress(f"{unmeasured}: {error.message}")
        return NOTHING, f"{unmeasured}: {error.message}"


def _first_instant(given: EvaluationInput, champion: Contender | None) -> tuple[datetime, str]:
    """The first instant of the rows that may be judged, and the reason when that leaves none."""
    start, why = given.window.start, "NoData"
    by_time = champion is not None and champion.logged and given.data.columns.model_version is None
    if by_time and given.since is not None and given.since > start:
        start, why = given.since, "PredictionsOfAnotherModel"
    if given.contender is not None and (through := given.contender.trained_through) is not None and through >= start:
        start, why = through + _INSTANT, "TrainedOnTheseRows"
    return start, why


def _versions(given: EvaluationInput, champion: Contender | None, environ: Mapping[str, str]) -> VersionFilter | None:
    """What tells the serving model's logged predictions from others, where a column says whose they are."""
    column = given.data.columns.model_version
    if column is None or champion is None or not champion.logged:
        return None
    return VersionFilter(column, given.champion, lambda: ModelFiles(given.champion, environ).digest())


def _left_out(counted: Counted) -> str:
    """A sentence about rows of other versions beside those that were judged."""
    versions = counted.reading.versions
    if versions is None or not (counted.rows and versions.rows):
        return ""
    return f"{versions.rows:,} rows of other versions are left out: {versions}"


def _result(
    given: EvaluationInput,
    measures: Measures,
    data_through: datetime,
    counted: Counted,
    why_empty: str,
    findings: Findings,
    profile: Profile | None,
    digest: str | None,
) -> EvaluationResult:
    versions = counted.reading.versions
    if counted.rows == 0 and versions is not None and versions.rows:
        if versions.trouble is not None:
            raise versions.trouble
        return _insufficient(given, "PredictionsOfAnotherModel", versions.why_empty())
    if counted.rows == 0 and why_empty == "NoData":
        message = "there is not one row in the window, while there are later ones"
        return _with_comparison(given, Verdict.NO_DATA, "NoData", message)
    if counted.rows == 0:
        return _insufficient(given, why_empty, _EMPTY[why_empty])
    if not _judges_model(given):
        verdict, reason, message = findings.judged()
        return EvaluationResult(look=Look.JUDGED, verdict=verdict, reason=reason, message=message)
    if (coverage := counted.coverage or 0.0) < (wanted := given.data.labels.minimum_coverage):
        message = (
            f"{coverage:.1%} of {counted.rows:,} rows have a label, fewer than labels.minimumCoverage ({wanted:.0%})"
        )
        if data_through < given.matures:
            message += f"; labels are waited for until events of {_said(given.matures)} are seen"
            return EvaluationResult(look=Look.IMMATURE, reason="LabelsMissing", message=message)
        return _insufficient(given, "LabelsMissing", message)
    if counted.scored < wanted:
        message = f"only {counted.scored:.1%} of the labelled rows have a prediction, fewer than {wanted:.0%}"
        return _insufficient(given, "PredictionsMissing", message)
    return _judged(given, measures, counted, profile, digest)


def _judged(
    given: EvaluationInput, measures: Measures, counted: Counted, profile: Profile | None, digest: str | None
) -> EvaluationResult:
    judgement = judged(given, measures.objectives, counted, profile, digest)
    return _of(judgement, compared(given, measures, counted, profile))


def _of(judgement: Judgement, comparison: ComparisonResult | None) -> EvaluationResult:
    return EvaluationResult(
        look=Look.JUDGED,
        verdict=judgement.verdict,
        reason=judgement.reason,
        message=judgement.message,
        comparison=comparison,
        # There may be more of them than a summary holds: the report has all, and the codec says what it left out.
    ).model_copy(update={"metrics": judgement.metrics})


def _open(reason: str, message: str) -> EvaluationResult:
    return EvaluationResult(look=Look.OPEN, reason=reason, message=message)


def _insufficient(given: EvaluationInput, reason: str, message: str) -> EvaluationResult:
    return _with_comparison(given, Verdict.INSUFFICIENT, reason, message)


def _with_comparison(given: EvaluationInput, verdict: Verdict, reason: str, message: str) -> EvaluationResult:
    """A verdict without metrics; in a comparison it is also why there is no evidence."""
    return EvaluationResult(
        look=Look.JUDGED,
        verdict=verdict,
        reason=reason,
        message=message,
        comparison=no_evidence(given, reason) if given.contender is not None else None,
    )


def _named(given: EvaluationInput, result: EvaluationResult, contenders: list[Contender]) -> EvaluationResult:
    champion, *candidate = [one.identity for one in contenders] or [ModelIdentity(uri=given.champion)]
    return result.model_copy(update={"model": champion, "candidate": candidate[0] if candidate else None})


def _said(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


_EMPTY = {
    "PredictionsOfAnotherModel": "the predictions logged in this window are those of the model that served before",
    "TrainedOnTheseRows": "the candidate was trained on all rows of this window (trainedThrough is not before its end)",
}
