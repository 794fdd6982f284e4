"""`decide` holds its promises through random simulated months, in which everything that can happen happens."""

from collections import Counter
from functools import partial
from typing import Final, get_args

from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Counting, Waiting
from modelmonitor.api.result import Comparison, Look, Verdict
from modelmonitor.api.status import AttemptOutcome, Phase, Trigger
from modelmonitor.domain.actions import Action
from modelmonitor.domain.outcomes import Remedy
from tests.properties.life import Life, explore
from tests.properties.troubles import PEOPLE, THINGS

OFTEN: Final = 20
REACHED: Final = (
    *(kind.__name__ for kind in get_args(Action)),
    *(f"phase {one}" for one in Phase),
    *(f"attempt {one}" for one in AttemptOutcome),
    *(f"verdict {one}" for one in Verdict),
    *(f"comparison {one}" for one in Comparison),
    *(f"failed action {one}" for one in Remedy),
    *(f"person {one}" for one in PEOPLE),
    *THINGS,
    *(f"look {one}" for one in Look),
    *(f"counting {one}" for one in Counting),
    *(f"pending {one}" for one in Waiting),
    *(f"trouble in stage {one}" for one in Stage),
    *(f"trigger {one}" for one in Trigger),
    "stage Data",
    "invalid data",
    "drift that trips",
    "drift that does not trip",
    "comparison waits",
    "judged by what it was",
    "promoted in a hurry",
    "training started again",
    "replaced in the middle of a rollout",
    "decision recorded",
    "decision waits",
    "decision not recorded",
    "decision told to be missing",
)


def test_every_promise_holds_and_everything_is_reached() -> None:
    census: Counter[str] = Counter()
    explore(partial(Life, census=census), lives=260)
    print("\n".join(f"{census[name]:>6} {name}" for name in REACHED))
    rare = {name: census[name] for name in REACHED if census[name] < OFTEN}
    assert not rare, f"reached fewer than {OFTEN} times: {rare}"
