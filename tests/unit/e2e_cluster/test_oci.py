"""The OCI layout: what goes in comes out as an archive that containerd takes."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from e2e.cluster.errors import ClusterError
from e2e.cluster.oci import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "images")
    made.create()
    return made


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    file = tmp_path / "pause"
    file.write_bytes(b"\x7fELF and so on")
    file.chmod(0o755)
    return file


def archive(layout: Layout, name: str, present: set[str]) -> dict[str, bytes]:
    out = io.BytesIO()
    layout.write_archive(name, present, out)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        return {entry.name: content.read() for entry in tar if (content := tar.extractfile(entry))}


def blob(files: dict[str, bytes], digest: str) -> bytes:
    return files[f"blobs/sha256/{digest.removeprefix('sha256:')}"]


def test_a_binary_becomes_an_image_of_one_layer_that_runs_it_as_nobody(layout: Layout, binary: Path) -> None:
    layout.add_binary("localhost/pause:1", binary, ["-P"])
    files = archive(layout, "localhost/pause:1", set())
    (entry,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(blob(files, entry["digest"]))
    config = json.loads(blob(files, manifest["config"]["digest"]))
    (layer,) = manifest["layers"]
    assert entry["annotations"] == {"io.containerd.image.name": "localhost/pause:1"}
    assert config["config"]["Entrypoint"] == ["/pause", "-P"]
    assert config["config"]["User"] == "65534:65534"
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    with tarfile.open(fileobj=io.BytesIO(blob(files, layer["digest"]))) as tar:
        assert [(member.name, member.mode) for member in tar] == [("pause", 0o755)]


def test_blobs_that_the_node_has_are_left_out_of_the_archive_but_never_the_manifest(
    layout: Layout, binary: Path
) -> None:
    layout.add_binary("localhost/pause:1", binary, [])
    everything = archive(layout, "localhost/pause:1", set())
    present = {f"sha256:{name.rpartition('/')[2]}" for name in everything if name.startswith("blobs/")}
    found = layout.find("localhost/pause:1")
    assert found is not None
    assert sorted(archive(layout, "localhost/pause:1", present)) == sorted(
        ["oci-layout", "index.json", f"blobs/sha256/{found['digest'].removeprefix('sha256:')}"]
    )


def test_the_same_binary_added_twice_is_stored_once(layout: Layout, binary: Path) -> None:
    layout.add_binary("localhost/pause:1", binary, [])
    before = sorted((layout.folder / "blobs/sha256").iterdir())
    layout.add_binary("localhost/pause:1", binary, [])
    assert layout.names() == ["localhost/pause:1"]
    assert sorted((layout.folder / "blobs/sha256").iterdir()) == before


def test_old_versions_are_forgotten_with_the_blobs_that_only_they_used(layout: Layout, binary: Path) -> None:
    for version in range(4):
        layout.add_binary(f"localhost/pause:{version}", binary, [str(version)])
    layout.add_binary("localhost/other:0", binary, ["0"])
    layout.keep_newest(2)
    assert layout.names() == ["localhost/pause:2", "localhost/pause:3", "localhost/other:0"]
    layers_configs_and_manifests = 1 + 3 + 3
    assert len(list((layout.folder / "blobs/sha256").iterdir())) == layers_configs_and_manifests
    for name in layout.names():
        assert len(archive(layout, name, set())) == 5


def test_an_image_that_is_not_there_is_named_with_those_that_are(layout: Layout, binary: Path) -> None:
    layout.add_binary("localhost/pause:1", binary, [])
    with pytest.raises(ClusterError, match=r"no image localhost/paws:1 .*localhost/pause:1"):
        archive(layout, "localhost/paws:1", set())


def test_an_index_that_stays_broken_is_named_with_what_to_delete(layout: Layout) -> None:
    (layout.folder / "index.json").write_text('{"manifests": [')
    with pytest.raises(ClusterError, match=rf"index\.json is broken: delete {layout.folder}"):
        layout.names()
