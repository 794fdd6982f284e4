"""The record: each decision that the operator hands over becomes one object, written once.

A Job may be killed at any point and its decisions handed to another one, and two Jobs may run at a time. So an object
is only created, never replaced, and one that is there already and says the same is as good as written.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.record import FOLDER, DecisionRecord, Handover, HistoryEntry
from modelmonitor.api.result import EvaluationResult
from modelmonitor.evaluation.errors import EvaluationError, StorageError
from modelmonitor.evaluation.storage import Folder, Purpose, open_folder


@dataclass(frozen=True, slots=True)
class Recorded:
    """How far the record has come: the name of the newest decision in it, and why it is not the last."""

    through: str | None = None
    problem: str | None = None

    def told_in(self, result: EvaluationResult) -> EvaluationResult:
        """A result that says so too."""
        problem = self.problem and self.problem[:384]
        return result.model_copy(update={"recorded_through": self.through, "record_problem": problem})


def record(given: EvaluationInput, environ: Mapping[str, str], progress: Callable[[str], None]) -> Recorded:
    """Write the decisions that were handed over, in their order, up to the first that cannot be written.

    What keeps one from being written is told and no error: it waits, and the window is judged all the same.
    """
    if given.reports is None or given.record is None:
        return Recorded()
    through = None
    try:
        folder = open_folder(given.reports.uri, Purpose.REPORTS, environ)
        for decision in given.record.decisions:
            _write(folder, given, given.record, decision)
            through = decision.name
    except EvaluationError as error:
        progress(f"decisions wait for the record: {error.message}")
        return Recorded(through, error.message)
    progress(f"{len(given.record.decisions)} decisions are in the record, up to {through}")
    return Recorded(through)


def path_of(namespace: str, monitor: str, decision: HistoryEntry) -> str:
    """Where a decision is kept, below the folder of reports."""
    return f"{namespace}/{monitor}/{FOLDER}/{decision.name}.json"


def _write(folder: Folder, given: EvaluationInput, handover: Handover, decision: HistoryEntry) -> None:
    wanted = DecisionRecord(namespace=given.namespace, monitor=given.monitor, uid=handover.uid, decision=decision)
    path = path_of(given.namespace, given.monitor, decision)
    content = json.dumps(wanted.document(), ensure_ascii=False, indent=1).encode()
    if folder.create(path, content):
        return
    if _read(folder.read(path)) != wanted:
        raise StorageError(
            "RecordConflict",
            f"{folder.uri}{path} is there and does not say what was decided: was it changed? Keep it aside under"
            " another name, and the decision is written anew",
        )


def _read(content: bytes | None) -> DecisionRecord | None:
    """What an object says, by this release's understanding: an older one may have written it with fewer fields."""
    try:
        return None if content is None else DecisionRecord.model_validate_json(content)
    except ValidationError:
        return None
