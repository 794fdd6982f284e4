"""From an intent in the status to the evaluation that carries it out."""

from dataclasses import replace

from modelmonitor.api.evaluation import ModelEvaluationSpec, MonitorRef
from modelmonitor.api.job import Contender, EvaluationInput, Role, Stage
from modelmonitor.api.measuring import Measurement
from modelmonitor.api.monitor import Challenger
from modelmonitor.api.result import Window
from modelmonitor.api.status import Compared, Purpose, ServingModel, Trigger
from modelmonitor.domain import names
from modelmonitor.domain.actions import StartEvaluation
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.record import handed_over


def measurement_name(seen: Observation, wanted: Measurement) -> str:
    """The name of the evaluation of one look."""
    return names.child(seen.name, "e", names.evaluation(seen.uid, wanted))


def comparison_name(seen: Observation, wanted: Compared) -> str:
    """The name of the evaluation that compares."""
    return names.child(seen.name, "c", names.comparison(seen.uid, wanted))


def measurement(seen: Observation, wanted: Measurement) -> StartEvaluation:
    """The evaluation of the serving model, or of the data alone, on one window."""
    start = _start(
        seen,
        stage=wanted.stage,
        about_data=wanted.stage is Stage.DATA
        or (Stage.DATA not in seen.stages and not _data_known(seen, wanted.window)),
        name=measurement_name(seen, wanted),
        identity=names.evaluation(seen.uid, wanted),
        look=wanted.look,
        window=wanted.window,
        champion=wanted.model_uri,
        contender=None,
    )
    return replace(start, job_input=handed_over(seen, start.job_input))


def comparison(seen: Observation, wanted: Compared, serving: ServingModel) -> StartEvaluation:
    """The evaluation of two models on the rows of one window."""
    attempt, promotes = seen.status.attempt, wanted.purpose is Purpose.PROMOTE
    failing = attempt.because if attempt is not None and attempt.trigger is Trigger.FAILING else ()
    start = _start(
        seen,
        stage=Stage.QUALITY,
        about_data=False,
        name=comparison_name(seen, wanted),
        identity=names.comparison(seen.uid, wanted),
        look=wanted.look,
        window=wanted.window,
        champion=serving.uri,
        contender=Contender(
            uri=wanted.challenger_uri,
            trained_through=wanted.trained_through,
            selected=not promotes or wanted.window in failing,
        ),
        # The way back needs no proof: a guard that is not shown to be kept must not hold a worse model in service.
        challenger=seen.challenger if promotes else seen.challenger.model_copy(update={"guards": ()}),
    )
    return replace(start, job_input=handed_over(seen, start.job_input))


def _data_known(seen: Observation, window: Window) -> bool:
    """Whether stage Data has been through a window before: its drift is not to be counted a second time."""
    following = seen.next_window(Stage.DATA)
    return following is not None and window.index < following.index


def _start(
    seen: Observation,
    *,
    stage: Stage,
    about_data: bool,
    name: str,
    identity: str,
    look: int,
    window: Window,
    champion: str,
    contender: Contender | None,
    challenger: Challenger | None = None,
) -> StartEvaluation:
    spec, serving = seen.spec, seen.status.serving_model
    role = Role.CANDIDATE if contender else Role.CHAMPION
    measures = stage is Stage.QUALITY
    return StartEvaluation(
        name=name,
        identity=identity,
        record=ModelEvaluationSpec(
            monitor_ref=MonitorRef(name=seen.name),
            role=role,
            stage=stage,
            window=window,
            look=look,
            model_uri=champion,
            candidate_uri=contender.uri if contender else None,
        ),
        job_input=EvaluationInput(
            monitor=seen.name,
            namespace=seen.namespace,
            evaluation=name,
            role=role,
            stage=stage,
            window=window,
            closes=seen.closes(window, stage),
            matures=seen.matures(window),
            champion=champion,
            since=serving.since_event if serving and spec.data.predictions.column else None,
            baselines=serving.baselines if serving and measures and contender is None else (),
            baseline_digest=serving.baseline_digest if serving and measures and contender is None else None,
            contender=contender,
            model=spec.model,
            data=spec.data,
            windows=spec.windows,
            metrics=spec.metrics if measures else (),
            rules=spec.business_rules if measures else (),
            user_metrics=spec.user_metrics if measures else (),
            drift=spec.drift if about_data else None,
            quality=spec.quality if about_data else None,
            verdict=spec.verdict,
            challenger=challenger or seen.challenger,
            reports=spec.reports,
        ),
    )
