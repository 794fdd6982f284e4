"""An image's inputs: equal content has an equal identity, and nothing that counts goes unseen."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.cluster.errors import ClusterError
from e2e.cluster.inputs import copy_inputs

Change = Callable[[Path], object]


def checkout(folder: Path) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "main.py").write_text("print('hello')\n")
    (folder / "requirements.lock").write_text("kopf==1\n")
    return folder


def identity(context: Path, target: Path) -> list[str | bytes]:
    return copy_inputs(context, ["code", "requirements.lock"], target)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda at: (at / "code/main.py").write_text("print('bye')\n"), id="another content"),
        pytest.param(lambda at: (at / "code/main.py").chmod(0o755), id="a file that became executable"),
        pytest.param(lambda at: (at / "code/main.py").rename(at / "code/start.py"), id="another name"),
        pytest.param(lambda at: (at / "code/new.py").write_text(""), id="a new empty file"),
        pytest.param(lambda at: (at / "code/new").mkdir(), id="a new empty folder"),
    ],
)
def test_what_changes_the_image_changes_the_identity(tmp_path: Path, change: Change) -> None:
    before = identity(checkout(tmp_path / "one"), tmp_path / "copy-one")
    changed = checkout(tmp_path / "two")
    change(changed)
    assert identity(changed, tmp_path / "copy-two") != before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda at: os.utime(at / "code/main.py", (1, 1)), id="another time"),
        pytest.param(lambda at: (at / "code/main.py").chmod(0o600), id="another umask"),
        pytest.param(lambda at: (at / "README.md").write_text("x"), id="a file that is no input"),
        pytest.param(lambda at: (at / "code/main.pyc").write_text("x"), id="compiled Python"),
    ],
)
def test_what_does_not_matter_leaves_the_identity_alone(tmp_path: Path, change: Change) -> None:
    before = identity(checkout(tmp_path / "one"), tmp_path / "copy-one")
    changed = checkout(tmp_path / "two")
    change(changed)
    assert identity(changed, tmp_path / "copy-two") == before


def test_only_the_inputs_are_copied_with_level_times_and_modes(tmp_path: Path) -> None:
    context = checkout(tmp_path / "one")
    (context / "secret").write_text("x")
    identity(context, tmp_path / "copy")
    copied = sorted((tmp_path / "copy").rglob("*"))
    assert [str(path.relative_to(tmp_path / "copy")) for path in copied] == [
        "code",
        "code/main.py",
        "requirements.lock",
    ]
    assert {path.stat().st_mtime for path in copied} == {0}


def test_an_input_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"model\.bin is not there"):
        copy_inputs(checkout(tmp_path / "one"), ["model.bin"], tmp_path / "copy")
