"""The operator's environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from modelmonitor.controller.settings import Mode, Settings

SOURCE = Path(__file__).parents[3] / "operator"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("MODELMONITOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MODELMONITOR_EVALUATOR_IMAGE", "evaluator:1")
    return monkeypatch


def test_only_the_evaluators_image_has_no_default(clean: pytest.MonkeyPatch) -> None:
    settings = Settings()
    assert settings.evaluator_image == "evaluator:1"
    assert settings.mode is Mode.ENFORCE
    assert settings.served_kinds() == ("seldonDeployment", "seldonModel", "batch")
    clean.delenv("MODELMONITOR_EVALUATOR_IMAGE")
    with pytest.raises(ValidationError, match="evaluator_image"):
        Settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("a", ("a",)), ("a,b", ("a", "b")), (" a , b ,", ("a", "b"))],
    ids=["everywhere", "one", "two", "with spaces and a comma too many"],
)
def test_namespaces_are_a_list_with_commas(clean: pytest.MonkeyPatch, text: str, expected: tuple[str, ...]) -> None:
    clean.setenv("MODELMONITOR_NAMESPACES", text)
    assert Settings().watched_namespaces() == expected


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MODELMONITOR_EVALUATOR_IMAGE", None, "MODELMONITOR_EVALUATOR_IMAGE: Field required."),
        ("MODELMONITOR_MODE", "Dry", "MODELMONITOR_MODE: Input should be 'Enforce' or 'ObserveOnly'."),
        ("MODELMONITOR_SERVING", "batch,kserve", "kserve is none of seldonDeployment, seldonModel, batch"),
        ("MODELMONITOR_METRICS_PORT", "http", "MODELMONITOR_METRICS_PORT: Input should be a valid integer"),
        ("MODELMONITOR_WORKERS", "0", "MODELMONITOR_WORKERS: Input should be greater than or equal to 1"),
        ("MODELMONITOR_LOG_LEVEL", "LOUD", "MODELMONITOR_LOG_LEVEL: Input should be 'DEBUG', 'INFO'"),
    ],
)
def test_a_wrong_setting_ends_the_process_with_its_name_and_code_2(name: str, value: str | None, words: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)} | ({name: value} if value else {})
    if value is None:
        del environment[name]
    done = subprocess.run(
        [sys.executable, "-m", "modelmonitor.controller"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
