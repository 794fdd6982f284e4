"""`decide` holds its promises through random simulated months, in which everything that can happen happens."""

from collections import Counter
from functools import partial
from typing import Final, get_args

from modelmonitor.api.result import Comparison, Verdict
from modelmonitor.api.status import AttemptOutcome, Phase
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
)


def test_every_promise_holds_and_everything_is_reached() -> None:
    census: Counter[str] = Counter()
    explore(partial(Life, census=census), lives=120)
    print("\n".join(f"{census[name]:>6} {name}" for name in REACHED))
    rare = {name: census[name] for name in REACHED if census[name] < OFTEN}
    assert not rare, f"reached fewer than {OFTEN} times: {rare}"
