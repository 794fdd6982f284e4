"""Progress: what a person reads while waiting, and when something fails."""

import io
import sys

import pytest

from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Progress, Step, wait_until


def test_a_step_is_announced_and_a_failed_one_says_so() -> None:
    out = io.StringIO()
    with pytest.raises(RuntimeError), Progress(out).step("building"):
        raise RuntimeError
    first, second = out.getvalue().splitlines()
    assert first.endswith("s] building")
    assert "failed after" in second


def test_the_latest_line_of_a_command_is_the_detail_of_its_step() -> None:
    step = Step("building")
    step.run([sys.executable, "-c", "print('one'); print('two')"])
    assert step.detail == "two"


def test_a_failing_command_is_told_with_its_last_lines_and_the_advice() -> None:
    with pytest.raises(ClusterError, match=r"(?s)building: .* exited 3:.*no such module.*Look at go.mod\."):
        Step("building").run(
            [sys.executable, "-c", "print('no such module'); raise SystemExit(3)"], advice="Look at go.mod."
        )


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(ClusterError, match=r"could not start no-such-tool"):
        Step("building").run(["no-such-tool"])


def test_waiting_ends_with_the_first_yes() -> None:
    answers = iter([False, False, True])
    wait_until(lambda: next(answers), Step("starting"), seconds=5, advice="", pause=0.001)
    assert list(answers) == []


def test_waiting_in_vain_tells_for_what_how_long_and_what_to_do() -> None:
    with pytest.raises(ClusterError, match=r"starting: not done after 0 s\. Look at the log\."):
        wait_until(lambda: False, Step("starting"), seconds=0.01, advice="Look at the log.", pause=0.001)
