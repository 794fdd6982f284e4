"""Bugs to plant: policies as somebody might write them who has not read the failure stories."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Counting
from modelmonitor.api.record import Handover
from modelmonitor.api.requests import Verb
from modelmonitor.api.result import Comparison, ComparisonResult, Verdict
from modelmonitor.api.status import Answer, RolloutStage
from modelmonitor.domain import names
from modelmonitor.domain.actions import PatchServing, StartEvaluation, StartTraining, Tell, Tone
from modelmonitor.domain.decision import CHAINS, Decision, Policy, decide
from modelmonitor.domain.observation import Observation, Problem
from modelmonitor.domain.policies.approve import awaiting_approval
from modelmonitor.domain.policies.asked import asked
from modelmonitor.domain.policies.due import due
from modelmonitor.domain.policies.measure import measuring
from modelmonitor.domain.policies.rest import resting
from modelmonitor.domain.policies.retrain import training
from modelmonitor.domain.policies.roll import rolling_back, rolling_out, verifying
from modelmonitor.domain.policies.rollout import Promotion, back_intent, forward_intent
from modelmonitor.domain.policies.serve import moved, not_yet_there
from modelmonitor.domain.policies.tidy import leftovers
from modelmonitor.domain.policies.trip import tripped
from modelmonitor.domain.step import Step, acting, changed, waiting
from tests.properties.operators import Decide


def planted(sound: Policy, bug: Policy) -> Decide:
    """`decide` with one policy replaced."""
    chains = tuple(tuple(bug if policy is sound else policy for policy in chain) for chain in CHAINS)
    return partial(decide, chains=chains)


def removed(sound: Policy) -> Decide:
    """`decide` without one policy."""
    return partial(decide, chains=tuple(tuple(one for one in chain if one is not sound) for chain in CHAINS))


def counting(more: Callable[[Observation], bool]) -> Policy:
    """Measuring that takes more for a Fail than is one."""

    def bug(seen: Observation, now: datetime) -> Step | None:
        step, wanted = measuring(seen, now), seen.status.measurement
        if step is None or wanted is None or not more(seen.with_status(step.status)):
            return step
        failing = (*step.status.failing_windows, wanted.window)[-16:]
        return replace(step, status=changed(step.status, failing_windows=failing))

    return bug


def insufficient(seen: Observation) -> bool:
    latest = seen.status.last_evaluation
    return latest is not None and latest != seen.recorded.last_evaluation and latest.verdict is Verdict.INSUFFICIENT


def error(seen: Observation) -> bool:
    trouble = seen.status.frontier(Stage.QUALITY).trouble
    return trouble is not None and trouble != seen.recorded.frontier(Stage.QUALITY).trouble


def invalid_data(seen: Observation) -> bool:
    latest = seen.status.last_evaluation
    found = latest is not None and latest != seen.recorded.last_evaluation and latest.verdict is Verdict.FAIL
    return found and latest is not None and latest.counting is Counting.DATA_INVALID


def any_drift(seen: Observation) -> bool:
    latest = seen.status.last_data_evaluation
    drift = latest.drift if latest is not None and latest != seen.recorded.last_data_evaluation else None
    return drift is not None and drift.drifted > 0


def waiting_for_labels(seen: Observation, now: datetime) -> Step | None:
    """A window that is short of labels is waited for by both stages."""
    frontier = seen.status.frontier(Stage.QUALITY)
    if frontier.immature_looks and frontier.next_look is not None and now < frontier.next_look:
        return waiting(seen, until=frontier.next_look)
    return due(seen, now)


def forgetting_the_patch(seen: Observation, now: datetime) -> Decision:
    """Only our annotation tells whether the patch was made."""
    rollout = seen.status.rollout
    if rollout is None:
        return decide(seen, now)
    forgetful = changed(seen.status, rollout=rollout.model_copy(update={"patched_at": None}))
    decision = decide(replace(seen, recorded=forgetful, status=forgetful), now)
    noticed = decision.status.rollout is not None and decision.status.rollout.patched_at is not None
    return decide(seen, now) if noticed else decision


def never_clearing(seen: Observation, now: datetime) -> Step | None:
    """A window that failed is remembered, however good those after it."""
    step = measuring(seen, now)
    if step is None:
        return None
    kept = {window.index: window for window in (*seen.status.failing_windows, *step.status.failing_windows)}
    failing = tuple(kept[index] for index in sorted(kept))[-10:]
    return replace(step, status=changed(step.status, failing_windows=failing))


def standing_still(seen: Observation, now: datetime) -> Step | None:
    """The next window is the one that was just judged."""
    step = measuring(seen, now)
    return step and replace(step, status=changed(step.status, frontiers=seen.status.frontiers))


def measuring_while_suspended(seen: Observation, now: datetime) -> Step | None:
    awake = replace(seen, spec=seen.spec.model_copy(update={"suspend": False}))
    return measuring(awake, now)


def believing(seen: Observation, now: datetime) -> Step | None:
    """Whatever a Job was handed is taken to be in the record, whether it says so or not."""
    step = measuring(seen, now)
    known = seen.recorded.waiting_decisions
    if step is None or step.status.measurement is not None or not known:
        return step
    through = max(step.status.recorded_through, known[-1].id)
    return replace(step, status=changed(step.status, recorded_through=through))


def short_of_memory(seen: Observation, now: datetime) -> Decision:
    """The outbox keeps five decisions, and forgets that there were others."""
    decision = decide(seen, now)
    history = decision.status.history[-5:]
    before = max((one.id - 1 for one in history[:1]), default=0)
    through = max(decision.status.recorded_through, before)
    return replace(decision, status=changed(decision.status, history=history, recorded_through=through))


def hasty_record(seen: Observation, now: datetime) -> Decision:
    """A Job is handed decisions that are only just made: the operator may be killed before it writes them down."""
    decision = decide(seen, now)
    waiting = decision.status.waiting_decisions
    actions = tuple(
        replace(one, job_input=one.job_input.model_copy(update={"record": Handover(uid=seen.uid, decisions=waiting)}))
        if isinstance(one, StartEvaluation) and waiting and seen.spec.reports is not None
        else one
        for one in decision.actions
    )
    return replace(decision, actions=actions)


def counting_anew(seen: Observation, now: datetime) -> Decision:
    """Numbers of decisions begin anew with each decision."""
    decision = decide(seen, now)
    known = len(seen.recorded.history)
    history = tuple(
        one.model_copy(update={"id": 1}) if place >= known else one for place, one in enumerate(decision.status.history)
    )
    return replace(decision, status=changed(decision.status, history=history))


def chatting(seen: Observation, now: datetime) -> Step | None:
    """Every decision tells that nothing happened."""
    step = leftovers(seen, now) or Step(seen.status)
    return replace(step, actions=(*step.actions, Tell(Tone.NORMAL, "Watching", "All is well.")))


def resetting_trips(seen: Observation, now: datetime) -> Step | None:
    """A counter that begins anew with each healthy window is part of a name."""
    step = tripped(seen, now)
    if step is None or step.status.attempt is None:
        return step
    attempt = step.status.attempt.model_copy(update={"trip": step.status.attempts})
    return replace(step, status=changed(step.status, attempt=attempt))


def hasty(seen: Observation, now: datetime) -> Step | None:
    """A newer failing window trips again while the training Job still runs, and nobody looks whether one does."""
    again = tripped(replace(seen, jobs={}).with_status(changed(seen.status, attempt=None)), now)
    if again is not None and again.status.attempt is not None and seen.status.candidate is None:
        return again
    attempt = seen.status.attempt
    name = names.training_name(seen.name, seen.uid, attempt) if attempt is not None else ""
    return training(replace(seen, jobs={known: job for known, job in seen.jobs.items() if known == name}), now)


def restless(seen: Observation, now: datetime) -> Step | None:
    """The cooldown is ignored."""
    return tripped(seen.with_status(changed(seen.status, cooldown_ends=None)), now)


def training_again(seen: Observation, now: datetime) -> Step | None:
    """A training Job that somebody deleted is made again."""
    attempt = seen.status.attempt
    if attempt is None or attempt != seen.recorded.attempt or seen.status.candidate is not None:
        return training(seen, now)
    name = names.training_name(seen.name, seen.uid, attempt)
    if name in seen.jobs:
        return training(seen, now)
    forgetful = attempt.model_copy(update={"job_uid": None})
    return acting(seen, StartTraining(name, names.training(seen.uid, attempt), forgetful))


def promoting_at_once(seen: Observation, now: datetime) -> Step | None:
    """A candidate is promoted as soon as it is trained."""
    step = training(seen, now)
    if step is None or step.status.comparison is None:
        return step
    measured = ComparisonResult(verdict=Comparison.BETTER, metric="f1")
    wanted = step.status.comparison
    promotion = Promotion(wanted.challenger_uri, None, wanted.window, measured)
    return forward_intent(seen.with_status(step.status), now, promotion, message="It is new.")


def comparing_on_the_trip(seen: Observation, now: datetime) -> Step | None:
    """The comparison is made on the window that was selected for being bad."""
    step, attempt = training(seen, now), seen.status.attempt
    if step is None or attempt is None or step.status.comparison is None:
        return step
    wanted = step.status.comparison.model_copy(update={"window": attempt.because[-1]})
    return replace(step, status=changed(step.status, comparison=wanted))


def tidying_early(seen: Observation, now: datetime) -> Step | None:
    """A Job goes in the decision that reads its result, before that is written down."""
    return leftovers(replace(seen, recorded=seen.status), now)


def fighting(seen: Observation, now: datetime) -> Step | None:
    """What a person took back is rolled out again."""
    live, rollout, known = seen.serving, seen.status.rollout, seen.status.serving_model
    if isinstance(live, Problem) or rollout is None or known is None:
        return moved(seen, now)
    if (known.uri, live.uri) == (rollout.to_uri, rollout.from_uri) and rollout.stage is not RolloutStage.PROGRESSING:
        return acting(seen, PatchServing(rollout, live.uid, live.generation))
    return moved(seen, now)


def forgetting_the_deadline(seen: Observation, now: datetime) -> Step | None:
    """A rollout is waited for, however long it takes."""
    rollout = seen.status.rollout
    return rolling_out(seen, min(now, rollout.started_at) if rollout else now)


def inheriting(seen: Observation, now: datetime) -> Step | None:
    """Whatever comes into service is held to what served before it was."""
    step = rolling_out(seen, now) or rolling_back(seen, now)
    known, serving = seen.status.serving_model, step.status.serving_model if step is not None else None
    if step is None or known is None or serving is None or serving.uri == known.uri:
        return step
    held = {"baselines": known.baselines, "baseline_digest": known.baseline_digest}
    return replace(step, status=changed(step.status, serving_model=serving.model_copy(update=held)))


def condemning(seen: Observation, now: datetime) -> Step | None:
    """A new model that fails is rolled back, better or not."""
    step = verifying(seen, now)
    if step is None or step.status.comparison is None or seen.status.comparison is not None:
        return step
    return back_intent(seen, now, "The new model failed.")


def trusting(seen: Observation, now: datetime) -> Step | None:
    """Any approval that stands on the monitor is taken for the candidate that waits."""
    waits = seen.status.approval
    if waits is None or waits != seen.recorded.approval or Verb.APPROVE not in seen.annotations.requests:
        return awaiting_approval(seen, now)
    approved = waits.model_copy(update={"answer": Answer.APPROVED})
    status = changed(seen.status, approval=approved)
    return awaiting_approval(replace(seen, recorded=status, status=status), now)


def impatient(seen: Observation, now: datetime) -> Step | None:
    """A hold keeps nothing from beginning."""
    step = resting(seen.with_status(changed(seen.status, held=None)), now)
    return None if step is None else replace(step, status=changed(step.status, held=seen.status.held))


def forgetting_digests(seen: Observation, now: datetime) -> Decision:
    """Nobody remembers what was rolled back."""
    forgetful = changed(seen.status, rolled_back_digests=())
    decision = decide(replace(seen, status=forgetful), now)
    known = decision.status.rolled_back_digests or seen.status.rolled_back_digests
    return replace(decision, status=changed(decision.status, rolled_back_digests=known))


def starting_over(seen: Observation, now: datetime) -> Step | None:
    """A ConfigMap that is gone is made as at first."""
    first = changed(seen.status, serving_model=None, rollout=None)
    step = not_yet_there(replace(seen, recorded=first, status=first), now)
    return None if step is None else replace(step, status=seen.status)


def rolling_anyway(seen: Observation, now: datetime) -> Step | None:
    """A rollout that was decided is patched, though somebody has chosen mode Observe since."""
    return rolling_out(replace(seen, spec=seen.spec.model_copy(update={"rollout": None})), now)


def hard_of_hearing(seen: Observation, now: datetime) -> Step | None:
    """What was heard is not remembered."""
    step = asked(seen, now)
    heard = seen.status.handled_requests
    return None if step is None else replace(step, status=changed(step.status, handled_requests=heard))
