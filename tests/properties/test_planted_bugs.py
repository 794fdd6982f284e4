"""The machine catches bugs: each planted one breaks the promise that it should break."""

from collections import Counter
from functools import partial
from typing import Final

import pytest

from modelmonitor.domain.decision import decide
from modelmonitor.domain.policies.approve import awaiting_approval
from modelmonitor.domain.policies.asked import asked
from modelmonitor.domain.policies.due import due
from modelmonitor.domain.policies.measure import measuring
from modelmonitor.domain.policies.rest import kept_from_training, resting
from modelmonitor.domain.policies.retrain import training
from modelmonitor.domain.policies.roll import rolling_back, rolling_out, verifying
from modelmonitor.domain.policies.serve import moved, not_yet_there
from modelmonitor.domain.policies.tidy import leftovers
from modelmonitor.domain.policies.trip import breaker_open, tripped
from tests.properties import plants
from tests.properties.cluster import FENCE, GENERATION, GUARDS, PROOF, VERSION
from tests.properties.life import Life, explore
from tests.properties.operators import Decide
from tests.properties.plants import counting, planted, removed
from tests.properties.promises import PromiseBrokenError


def bug(sentence: str, promise: str, decide: Decide = decide, without: frozenset[str] = frozenset()) -> object:
    return pytest.param(promise, decide, GUARDS - without, id=sentence)


BUGS: Final = [
    bug("Insufficient is counted as a Fail", "only a Fail counts", planted(measuring, counting(plants.insufficient))),
    bug("an Error is counted as a Fail", "only a Fail counts", planted(measuring, counting(plants.error))),
    bug(
        "healthy windows clear nothing",
        "healthy windows begin the count anew",
        planted(measuring, plants.never_clearing),
    ),
    bug(
        "a Fail on invalid data is counted",
        "a window whose data are invalid never counts",
        planted(measuring, counting(plants.invalid_data)),
    ),
    bug(
        "drift is counted whatever its severity",
        "drift of severity Warn never trips",
        planted(measuring, counting(plants.any_drift)),
    ),
    bug(
        "stage Data waits for labels that are late",
        "stage Data is never held by late labels",
        planted(due, plants.waiting_for_labels),
    ),
    bug(
        "a patch is known only by its annotation",
        "what a person took back is left alone",
        plants.forgetting_the_patch,
    ),
    bug(
        "the window judged is looked at again",
        "windows are judged in order, each once",
        planted(measuring, plants.standing_still),
    ),
    bug(
        "a suspended monitor measures on",
        "a suspended monitor begins nothing",
        planted(measuring, plants.measuring_while_suspended),
    ),
    bug("every decision says something", "in a steady state nothing is written", planted(leftovers, plants.chatting)),
    bug(
        "a counter that is reset is part of a name",
        "a name stands for one intent",
        planted(tripped, plants.resetting_trips),
    ),
    bug("a second trip while a Job trains", "never two training Jobs", planted(training, plants.hasty)),
    bug("the cooldown is ignored", "between attempts it cools down", planted(tripped, plants.restless)),
    bug("the breaker is forgotten", "after so many attempts it stops", removed(breaker_open)),
    bug(
        "an approval is taken for whatever waits",
        "rolls out what somebody approved, and nothing else",
        planted(awaiting_approval, plants.trusting),
    ),
    bug("the fleet guard is forgotten", "while the fleet is guarded nothing is begun", removed(kept_from_training)),
    bug("not now is forgotten", "not now is not now", planted(resting, plants.impatient)),
    bug(
        "a candidate that was rolled back is tried again", "what was rolled back stays away", plants.forgetting_digests
    ),
    bug(
        "a ConfigMap that is gone is made as at first",
        "what is made again is what served",
        planted(not_yet_there, plants.starting_over),
    ),
    bug("nobody makes the ConfigMap again", "what batch jobs read is there", removed(not_yet_there)),
    bug(
        "mode Observe is not looked at before the patch",
        "in mode Observe nothing is rolled out",
        planted(rolling_out, plants.rolling_anyway),
    ),
    bug(
        "a request is heard again and again",
        "it comes to rest",
        planted(asked, plants.hard_of_hearing),
    ),
    bug(
        "a training Job that was deleted is made again",
        "a training Job is made once",
        planted(training, plants.training_again),
    ),
    bug(
        "a candidate is promoted without a comparison",
        "promotes only what was better on fresh rows",
        planted(training, plants.promoting_at_once),
    ),
    bug(
        "the comparison is made on the window that tripped",
        "promotes only what was better on fresh rows",
        planted(training, plants.comparing_on_the_trip),
    ),
    bug(
        "a Job is deleted before its result is recorded",
        "a result is recorded before its Job goes",
        planted(leftovers, plants.tidying_early),
    ),
    bug("a person's revert is fought", "what a person took back is left alone", planted(moved, plants.fighting)),
    bug(
        "the deadline of a rollout is forgotten",
        "a rollout that does not finish is rolled back",
        planted(rolling_out, plants.forgetting_the_deadline),
    ),
    bug(
        "a new model is rolled back unproven",
        "a model that runs is rolled back only for a better one",
        planted(verifying, plants.condemning),
    ),
    bug(
        "a model is held to what the one before it was",
        "a model is held to what it was itself",
        planted(rolling_out, plants.inheriting),
    ),
    bug(
        "what a model was is forgotten when it serves again",
        "a model is held to what it was itself",
        planted(rolling_back, plants.inheriting),
    ),
    bug(
        "decisions are taken to be recorded", "no decision is lost without a word", planted(measuring, plants.believing)
    ),
    bug("the outbox is too small and says nothing", "no decision is lost without a word", plants.short_of_memory),
    bug("decisions are recorded before they are made", "only what is written down is handed over", plants.hasty_record),
    bug("decisions have one number", "a name stands for one decision", plants.counting_anew),
    bug("Seldon's own word is taken for proof", "promoted is what runs", without=frozenset({PROOF})),
    bug(
        "the generation is not tested in the patch",
        "what a person took back is left alone",
        without=frozenset({GENERATION, FENCE}),
    ),
    bug("a stale leader's training is not fenced off", "never two training Jobs", without=frozenset({FENCE})),
    bug("a status is written over a newer one", "looks and trips only grow", without=frozenset({VERSION})),
]


@pytest.mark.parametrize(("promise", "decide", "guards"), BUGS)
def test_a_planted_bug_is_caught(promise: str, decide: Decide, guards: frozenset[str]) -> None:
    born = partial(Life, census=Counter(), decide=decide, guards=guards, only=promise)
    with pytest.raises(PromiseBrokenError, match=f"^{promise}"):
        explore(born, lives=400)
