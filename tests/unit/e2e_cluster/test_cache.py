"""The cache: keys that change with their parts, folders that are whole or absent, locks that hold."""

import fcntl
import io
import os
import shutil
from pathlib import Path

import pytest

from e2e.cluster import cache
from e2e.cluster.progress import Progress


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MODELMONITOR_CACHE", str(folder))
    return folder


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(("ab", "c"), ("a", "bc"), id="the same text cut elsewhere is another key"),
        pytest.param(("a",), ("a", ""), id="an empty part counts"),
        pytest.param(("a", "b"), ("b", "a"), id="the order counts"),
    ],
)
def test_keys_differ(left: tuple[str, ...], right: tuple[str, ...]) -> None:
    assert cache.key_of(*left) != cache.key_of(*right)


def test_a_key_is_the_same_for_text_and_its_bytes() -> None:
    assert cache.key_of("ä") == cache.key_of("ä".encode())


def test_a_folder_appears_whole_when_its_block_ends_well(own_cache: Path) -> None:
    with cache.new_folder(own_cache / "tool") as folder:
        (folder / "binary").write_text("x")
        assert not (own_cache / "tool").exists()
    assert (own_cache / "tool" / "binary").read_text() == "x"
    assert [entry.name for entry in own_cache.iterdir()] == ["tool"]


def test_a_failed_build_leaves_nothing_behind(own_cache: Path) -> None:
    def fail_halfway() -> None:
        with cache.new_folder(own_cache / "tool") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert list(own_cache.iterdir()) == []


def test_what_a_killed_build_left_is_cleared_by_the_next(own_cache: Path) -> None:
    (own_cache / ".unfinished-tool-1").mkdir(parents=True)
    (own_cache / ".unfinished-other-1").mkdir()
    with cache.new_folder(own_cache / "tool"):
        pass
    assert sorted(entry.name for entry in own_cache.iterdir()) == [".unfinished-other-1", "tool"]


def test_a_lock_is_held_inside_its_block_and_free_after(own_cache: Path) -> None:
    def is_free() -> bool:
        with (own_cache / "locks" / "images.lock").open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    with cache.locked("images", Progress(io.StringIO())):
        assert not is_free()
    assert is_free()


def test_only_the_newest_versions_are_kept(own_cache: Path) -> None:
    for age, name in enumerate(["tool-new", "tool-middle", "tool-old", "other-old"]):
        (own_cache / name).mkdir(parents=True)
        os.utime(own_cache / name, (1_000 - age, 1_000 - age))
    cache.keep_newest(own_cache, "tool-*", 2)
    assert sorted(entry.name for entry in own_cache.iterdir()) == ["other-old", "tool-middle", "tool-new"]


def test_a_layer_store_is_kept_where_it_was_made(own_cache: Path) -> None:
    (cache.layer_store("layers") / "layer").write_text("x")
    assert (cache.layer_store("layers") / "layer").exists()


def test_a_copied_layer_store_is_begun_anew(own_cache: Path) -> None:
    (cache.layer_store("layers") / "layer").write_text("x")
    shutil.copytree(own_cache / "layers", own_cache / "copy")
    assert not (cache.layer_store("copy") / "layer").exists()
