"""What the monitor decided, as it decides it: one line each."""

from typing import Any

from e2e.cluster import Progress

Raw = dict[str, Any]


class Timeline:
    """Prints new verdicts and decisions of a status, and keeps them for the end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told: set[tuple[str, str]] = set()
        self._judged: set[str] = set()
        self.lines: list[str] = []

    def follow(self, status: Raw) -> None:
        """Print what is new."""
        latest = status.get("lastEvaluation")
        if latest and latest["name"] not in self._judged:
            self._judged.add(latest["name"])
            self._say(verdict_line(latest))
        for entry in status.get("history") or []:
            key = (entry["time"], entry["reason"])
            # Verdicts are told above, with their numbers.
            if key not in self._told and not entry.get("message", "").startswith("Window "):
                self._say(f"             {entry['reason']}. {entry['message']}")
            self._told.add(key)

    def _say(self, line: str) -> None:
        self.lines.append(line)
        self._progress.say(line)


def verdict_line(latest: Raw) -> str:
    """A judged window with its metrics and their intervals."""
    metrics = ", ".join(_metric(metric) for metric in latest.get("metrics") or [])
    return f"{latest['window']['start'][:10]}   {latest['verdict']:<5} {metrics}"


def _metric(metric: Raw) -> str:
    if metric.get("value") is None:
        return f"{metric['name']} {metric['verdict']}"
    interval = f" [{metric['low']:.3f}, {metric['high']:.3f}]" if metric.get("low") is not None else ""
    return f"{metric['name']} {metric['value']:.3f}{interval}"
