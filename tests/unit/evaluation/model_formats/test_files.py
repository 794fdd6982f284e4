"""A model's files: how large they may be, and which are there."""

import struct
import zipfile
from pathlib import Path

import pytest

from modelmonitor.evaluation.errors import ModelError
from modelmonitor.evaluation.models.files import LARGEST, ModelFiles
from tests.unit.evaluation.model_formats.conftest import Load


@pytest.mark.parametrize(("size", "is_read"), [(10, True), (11, False)])
def test_a_file_that_is_larger_than_any_that_is_loaded_is_told_with_both_numbers(
    tmp_path: Path, size: int, is_read: bool
) -> None:
    (tmp_path / "model.joblib").write_bytes(b"x" * size)
    files = ModelFiles(str(tmp_path), {}, largest=10)
    if is_read:
        assert files.read("model.joblib") == b"x" * size
        return
    with pytest.raises(ModelError, match=r"model\.joblib has 11 bytes, more than the 10 .*predictions\.") as caught:
        files.read("model.joblib")
    assert caught.value.reason == "ModelTooLarge"


def test_a_model_of_more_than_two_gibibytes_is_not_read_at_all(tmp_path: Path, load: Load) -> None:
    with (tmp_path / "model.joblib").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ModelError, match=f"{LARGEST + 1:,} bytes, more than the {LARGEST:,}") as caught:
        load()
    assert caught.value.reason == "ModelTooLarge"


def test_a_skops_file_that_unpacks_to_more_is_not_unpacked(tmp_path: Path, load: Load) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "{}")
    content = bytearray(path.read_bytes())
    # The size that the entry says it has, in the archive's directory.
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, LARGEST + 1)
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"unpacks to {LARGEST + 1:,} bytes") as caught:
        load()
    assert caught.value.reason == "ModelTooLarge"


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "ModelNotFound"), (b"", "ModelUnloadable")], ids=["missing", "empty"]
)
def test_a_file_that_is_missing_or_empty_is_told_with_its_name(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "model.ubj").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.ubj") as caught:
        ModelFiles(str(tmp_path), {}).read("model.ubj")
    assert caught.value.reason == reason
