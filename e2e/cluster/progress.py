"""What is happening, and how long it took: one line when a step starts, a sign of life in long ones, one at the end."""

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from e2e.cluster.errors import ClusterError

HEARTBEAT_SECONDS = 10.0


class Step:
    """One thing under way; `detail` is what the heartbeat says about it."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        advice: str = "",
        describe: Callable[[str], str] = str.strip,
    ) -> None:
        """Run a command to its end; its latest line is the step's detail.

        Args:
            command: What to run.
            env: Its whole environment; the harness's own when None.
            cwd: Its working directory.
            advice: What a person should do when it fails; ends the error's message.
            describe: Turns a line of its output into a detail; an empty answer keeps the last one.

        Raises:
            ClusterError: It could not be started or did not exit 0; the message has its last 15 lines.
        """
        last: deque[str] = deque(maxlen=15)
        try:
            process = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise ClusterError(f"{self.title}: could not start {command[0]}: {error}. {advice}".strip()) from error
        with process:
            try:
                for line in process.stdout or ():
                    last.append(line.rstrip())
                    self.detail = describe(line) or self.detail
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            shown = "\n".join(f"    {line}" for line in last)
            raise ClusterError(f"{self.title}: {command[0]} exited {process.returncode}:\n{shown}\n{advice}".rstrip())


class Progress:
    """Prints steps with the time since the start; safe to hand to several callers one after the other."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line, now."""
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", file=self._out, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Announce a step; while it lasts say every ten seconds that it does; say how long it took."""
        step = Step(title)
        begun = time.monotonic()
        self.say(title)
        over = threading.Event()
        heart = threading.Thread(target=self._beat, args=(step, begun, over), daemon=True)
        heart.start()
        try:
            yield step
        except BaseException:
            self.say(f"  failed after {time.monotonic() - begun:.1f} s: {title}")
            raise
        finally:
            over.set()
            heart.join()
        took = time.monotonic() - begun
        if took >= 1:
            self.say(f"  done in {took:.1f} s")

    def _beat(self, step: Step, begun: float, over: threading.Event) -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            detail = f": {step.detail[:110]}" if step.detail else ""
            self.say(f"  still at it, {time.monotonic() - begun:.0f} s{detail}")


def wait_until(ready: Callable[[], bool], step: Step, *, seconds: float, advice: str, pause: float = 0.1) -> None:
    """Ask until the answer is yes.

    Raises:
        ClusterError: It was not within `seconds`; the message has the step's detail and the advice.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            detail = f" ({step.detail})" if step.detail else ""
            raise ClusterError(f"{step.title}: not done after {seconds:.0f} s{detail}. {advice}")
        time.sleep(pause)
