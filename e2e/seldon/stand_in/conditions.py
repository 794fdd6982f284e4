"""The SeldonDeployment's conditions: one summary, Ready, that follows seven others.

The rules are those of Knative's "living" condition sets, which Seldon uses; they explain reasons that look wrong
in the recordings (a roll whose Ready says "Not all services created" although every Service exists).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

READY: Final = "Ready"


class Dependent(StrEnum):
    """The conditions that Ready is made of."""

    AMBASSADOR = "AmbassadorMappingsReady"
    DEPLOYMENTS = "DeploymentsReady"
    HPAS = "HpasReady"
    KEDA = "KedaReady"
    PDBS = "PdbsReady"
    SERVICES = "ServicesReady"
    VIRTUAL_SERVICES = "istioVirtualServicesReady"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; `since` is its lastTransitionTime."""

    type: str
    status: str
    since: str
    reason: str = ""
    message: str = ""

    def says_the_same_as(self, other: "Condition | None") -> bool:
        """Equal but for the time."""
        return other is not None and (self.status, self.reason, self.message) == (
            other.status,
            other.reason,
            other.message,
        )

    def as_stored(self) -> dict[str, str]:
        """The JSON form, without empty fields."""
        stored = {
            "lastTransitionTime": self.since,
            "message": self.message,
            "reason": self.reason,
            "status": self.status,
            "type": self.type,
        }
        return {key: value for key, value in stored.items() if value}


@dataclass(frozen=True, slots=True)
class Conditions:
    """A condition set that is marked step by step; every mark happens at `now` (RFC 3339, whole seconds)."""

    now: str
    by_type: Mapping[str, Condition]

    @classmethod
    def read(cls, stored: Iterable[Mapping[str, Any]], now: str) -> Self:
        """Take the stored list."""
        known = (
            Condition(c["type"], c["status"], c["lastTransitionTime"], c.get("reason", ""), c.get("message", ""))
            for c in stored
        )
        return cls(now, {condition.type: condition for condition in known})

    def good(self, which: Dependent, reason: str, message: str = "") -> Self:
        """Mark a condition True; Ready is worked out again."""
        marked = self.marked(which, "True", reason, message)
        unhappy = marked.latest_false
        if unhappy is not None:
            return marked.marked(READY, unhappy.status, unhappy.reason, unhappy.message)
        complete = all(dependent in marked.by_type for dependent in Dependent)
        return marked.marked(READY, "True" if complete else "Unknown")

    def bad(self, which: Dependent, reason: str, message: str = "") -> Self:
        """Mark a condition False, and Ready with it, whatever else is False."""
        return self.marked(which, "False", reason, message).marked(READY, "False", reason, message)

    def marked(self, which: str, status: str, reason: str = "", message: str = "") -> Self:
        """Set one condition; the time stays when it says what it said before."""
        condition = Condition(which, status, self.now, reason, message)
        if condition.says_the_same_as(self.by_type.get(which)):
            return self
        return type(self)(self.now, {**self.by_type, which: condition})

    @property
    def latest_false(self) -> Condition | None:
        """The dependent condition that turned False last; of two at once the first by name."""
        known = (self.by_type[key] for key in sorted(Dependent) if key in self.by_type)
        false = [condition for condition in known if condition.status == "False"]
        return max(false, key=lambda condition: condition.since, default=None)

    def as_stored(self) -> list[dict[str, str]]:
        """The stored list, sorted by type."""
        return [self.by_type[key].as_stored() for key in sorted(self.by_type)]
