"""The two kinds: names, columns of `kubectl get`, selectable fields."""

from typing import Final

from modelmonitor.api.crdgen import Kind, PrinterColumn
from modelmonitor.api.evaluation import ModelEvaluationSpec, ModelEvaluationStatus
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.api.types import GROUP, VERSION


def _condition(name: str, field: str = "status") -> str:
    return f'.status.conditions[?(@.type=="{name}")].{field}'


MODEL_MONITOR: Final = Kind(
    group=GROUP,
    version=VERSION,
    name="ModelMonitor",
    plural="modelmonitors",
    short="mm",
    category="ml",
    description=(
        "A ModelMonitor judges a served model on every new window of real data. When the model is bad on enough"
        " windows in a row, it has a new one trained, compares both on the same rows, and brings the better one into"
        " service."
    ),
    spec=ModelMonitorSpec,
    status=ModelMonitorStatus,
    columns=(
        PrinterColumn("Ready", _condition("Ready"), "Whether the monitor itself works."),
        PrinterColumn("Healthy", _condition("ModelHealthy"), "Whether the model meets its objectives."),
        PrinterColumn(
            "Verdict", ".status.lastEvaluation.verdict", "The verdict on the model on the newest judged window."
        ),
        PrinterColumn("Model", ".status.servingModel.uri", "The model in service."),
        PrinterColumn("Last", ".status.lastEvaluation.completedAt", "How long ago a window was judged.", "date"),
        # Not of type date: kubectl prints a date as an age, and one in the future as <invalid>.
        PrinterColumn("Next", ".status.nextEvaluationTime", "When the operator looks again."),
        PrinterColumn("Phase", ".status.phase", "What the monitor is doing.", wide=True),
        PrinterColumn("Through", ".status.dataThrough", "The newest event time in the data.", wide=True),
        PrinterColumn("Drift", _condition("DriftDetected"), "Whether the newest data have drifted.", wide=True),
        PrinterColumn(
            "Pending",
            ".status.pendingWindows[0].reason",
            "Why the oldest window that waits for labels waits.",
            wide=True,
        ),
        PrinterColumn("Trips", ".status.trips", "Remediations so far.", "integer", wide=True),
        PrinterColumn("Message", _condition("Ready", "message"), "What there is to say about it.", wide=True),
    ),
)

MODEL_EVALUATION: Final = Kind(
    group=GROUP,
    version=VERSION,
    name="ModelEvaluation",
    plural="modelevaluations",
    short="mev",
    category="ml",
    description=(
        "A ModelEvaluation is the record of one measurement of a model on one window of data. The operator makes them"
        " and keeps the newest few of each ModelMonitor; nobody needs to write one."
    ),
    spec=ModelEvaluationSpec,
    status=ModelEvaluationStatus,
    columns=(
        PrinterColumn("Monitor", ".spec.monitorRef.name", "The ModelMonitor that it belongs to."),
        PrinterColumn("Role", ".spec.role", "Whether the champion or a candidate was measured."),
        PrinterColumn("Stage", ".spec.stage", "Whether the data or the quality of the model was looked at."),
        PrinterColumn("Window", ".spec.window.start", "The window's start."),
        PrinterColumn("Look", ".status.look", "How far the look came."),
        PrinterColumn("Verdict", ".status.verdict", "The verdict on the champion or the data, once judged."),
        PrinterColumn("Candidate", ".status.comparison.verdict", "What the comparison says of the candidate."),
        PrinterColumn("End", ".spec.window.end", "The window's end.", wide=True),
        PrinterColumn("Rows", ".status.rows", "Rows of the window.", "integer", wide=True),
        PrinterColumn("Coverage", ".status.coverage", "The share of rows that have a label.", "number", wide=True),
        PrinterColumn("Model", ".spec.modelUri", "The serving model.", wide=True),
        PrinterColumn("Message", ".status.message", "What there is to say about it.", wide=True),
    ),
    selectable=(".spec.monitorRef.name", ".spec.role"),
)

KINDS: Final = (MODEL_MONITOR, MODEL_EVALUATION)
