"""The record of decisions in the model of the world, and what is promised of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.record import HistoryEntry
from modelmonitor.api.result import EvaluationResult
from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.domain.record import missing

Demand = Callable[[bool, str, object], None]
_FULL: Final = "The store is full."


@dataclass
class Store:
    """Where evaluation Jobs write decisions: an object is created, and never written over."""

    objects: dict[str, HistoryEntry] = field(default_factory=dict)
    down: bool = False

    def write(self, order: EvaluationInput, most: int | None = None) -> dict[str, str]:
        """What a Job makes of what it was handed, and says of it; with `most` it is killed after so many."""
        through, told = None, {}
        decisions = order.record.decisions if order.record is not None else ()
        for decision in decisions[:most]:
            if self.down or self.objects.setdefault(decision.name, decision) != decision:
                told = {"record_problem": _FULL}
                break
            through = decision.name
        return told | ({"recorded_through": through} if through is not None else {})

    def say(self, order: EvaluationInput, result: EvaluationResult) -> EvaluationResult:
        """A Job that ends, with what it says of the record."""
        return result.model_copy(update=self.write(order))

    def die(self, order: EvaluationInput, luck: Random) -> None:
        """A Job that is killed somewhere, and says nothing."""
        self.write(order, most=luck.randint(0, 40))


@dataclass
class Promises:
    """What was decided, and what of it is still owed to the record."""

    store: Store
    demand: Demand
    census: Counter[str]
    decided: dict[str, HistoryEntry] = field(default_factory=dict)
    owed: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def forget(self, status: ModelMonitorStatus) -> None:
        """A backup was restored: what was decided since and is not in the record, nobody can know of."""
        self.owed = {one.name for one in status.waiting_decisions}

    def written(self, status: ModelMonitorStatus) -> None:
        """A status was written."""
        for one in status.history:
            known = self.decided.get(one.name)
            same = known is None or known.in_short() == one.in_short()
            self.demand(same, "a name stands for one decision", (known, one))
            if known is None:
                self.decided[one.name] = one
                self.owed.add(one.name)

    def handed_over(self, order: EvaluationInput) -> None:
        """A Job was made with these decisions: an operator that is killed now has not decided anything else."""
        handed = order.record.decisions if order.record is not None else ()
        unwritten = [one for one in handed if one.name not in self.decided]
        self.demand(not unwritten, "only what is written down is handed over", unwritten)

    def at_rest(self, status: ModelMonitorStatus) -> None:
        """Nothing changes any more: each decision is in the record, waits for it, or is told to be lost to it."""
        done = {name for name in self.owed if name in self.store.objects}
        untrue = [name for name in done if self.store.objects[name] != self.decided[name]]
        self.demand(not untrue, "the record says what was decided", untrue)
        self.census["decision recorded"] += len(done)
        self.owed -= done
        invented = [name for name in self.store.objects if name not in self.decided]
        self.demand(not invented, "what is in the record was decided", invented)
        waiting = {one.name for one in status.waiting_decisions}
        gone = self.owed - waiting
        said = {one.type: one.reason for one in status.conditions}.get("Reported")
        if said == "RecordIncomplete":
            later = {name for name in gone if self.decided[name].id > status.recorded_through}
            counted = missing(status) >= len(later)
            self.demand(counted, "no decision is lost without a word", (missing(status), later))
            self.census["decision told to be missing"] += len(later - self.told)
            self.told |= later
        silent = gone - self.told
        self.demand(not silent, "no decision is lost without a word", (silent, said, status.recorded_through))
        self.census["decision waits"] += len(waiting)
        self.census["decision not recorded"] += said == "NotRecorded"
