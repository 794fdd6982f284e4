"""A folder of images in the OCI image layout: blobs by digest, so that images that share layers share them here too."""

import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from e2e.cluster.errors import ClusterError

_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
_NAME: Final = "org.opencontainers.image.ref.name"
_CONTAINERD_NAME: Final = "io.containerd.image.name"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}

_READING_TRIES: Final = 20

Descriptor = dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """The folder. Its callers hold the cache's image lock while they write."""

    folder: Path

    def create(self) -> None:
        """Make an empty one where there is none."""
        (self.folder / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        if not (self.folder / "index.json").exists():
            (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
            self._write_index([])

    def find(self, name: str) -> Descriptor | None:
        """The manifest's descriptor of the image with this name."""
        return next((each for each in self._index() if each.get("annotations", {}).get(_NAME) == name), None)

    def names(self) -> list[str]:
        """Names of all images, oldest first."""
        return [each["annotations"][_NAME] for each in self._index() if _NAME in each.get("annotations", {})]

    def add_single_layer(self, name: str, layer: Path, config: Mapping[str, Any]) -> None:
        """Add an image that is one tar file; `config` is the run-time part (Entrypoint, User, Env …)."""
        content = self._add_blob(layer)
        architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
        settings = {
            "architecture": architecture,
            "os": "linux",
            "config": dict(config),
            "rootfs": {"type": "layers", "diff_ids": [content["digest"]]},
            "history": [{"created_by": "modelmonitor e2e"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._add_json(settings) | {"mediaType": _CONFIG},
            "layers": [content | {"mediaType": _LAYER}],
        }
        descriptor = self._add_json(manifest) | {"mediaType": _MANIFEST, "annotations": {_NAME: name}}
        self._write_index([each for each in self._index() if each != self.find(name)] + [descriptor])

    def add_binary(self, name: str, binary: Path, arguments: list[str]) -> None:
        """Add an image that holds one static binary and runs it, as nobody in particular (user 65534)."""
        with tempfile.TemporaryDirectory() as scratch:
            layer = Path(scratch) / "layer.tar"
            with tarfile.open(layer, "w") as tar:
                entry = tar.gettarinfo(binary, arcname=binary.name)
                entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
                with binary.open("rb") as content:
                    tar.addfile(entry, content)
            config = {"Entrypoint": [f"/{binary.name}", *arguments], "User": "65534:65534", "WorkingDir": "/"}
            self.add_single_layer(name, layer, config)

    def write_archive(self, name: str, present: Container[str], out: IO[bytes]) -> None:
        """Write the image as a tar that containerd imports, without the blobs whose digests are in `present`.

        Raises:
            ClusterError: There is no such image.
        """
        found = self.find(name)
        if not found:
            raise ClusterError(f"there is no image {name} in {self.folder} (there is: {', '.join(self.names())}).")
        descriptor = {**found, "annotations": {_CONTAINERD_NAME: name}}
        with tarfile.open(fileobj=out, mode="w|") as tar:
            _add_text(tar, "oci-layout", (self.folder / "oci-layout").read_text())
            _add_text(tar, "index.json", _index_text([descriptor]))
            for digest in dict.fromkeys(self._digests(found)):
                # The manifest always goes along: containerd looks for it in the archive.
                if digest not in present or digest == found["digest"]:
                    tar.add(self._blob(digest), arcname=f"blobs/sha256/{digest.removeprefix('sha256:')}")

    def keep_newest(self, count: int) -> None:
        """Forget all but the newest `count` versions (tags) of each image, and the blobs that only they used."""
        kept: list[Descriptor] = []
        versions: Counter[str] = Counter()
        for descriptor in reversed(self._index()):
            repository = descriptor.get("annotations", {}).get(_NAME, "").rpartition(":")[0]
            versions[repository] += 1
            if versions[repository] <= count:
                kept.insert(0, descriptor)
        self._write_index(kept)
        used = {digest.removeprefix("sha256:") for descriptor in kept for digest in self._digests(descriptor)}
        for blob in (self.folder / "blobs/sha256").iterdir():
            if blob.name not in used:
                blob.unlink()

    def _digests(self, descriptor: Descriptor) -> list[str]:
        manifest = json.loads(self._blob(descriptor["digest"]).read_text())
        return [descriptor["digest"], manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]

    def _index(self) -> list[Descriptor]:
        # Readers hold no lock, and skopeo writes this file in place: one that is half there is whole in a moment.
        for _ in range(_READING_TRIES):
            try:
                return list(json.loads((self.folder / "index.json").read_text())["manifests"])
            except json.JSONDecodeError:
                time.sleep(0.05)
        raise ClusterError(f"{self.folder / 'index.json'} is broken: delete {self.folder}, its images are made again.")

    def _write_index(self, manifests: list[Descriptor]) -> None:
        _write_atomically(self.folder / "index.json", _index_text(manifests).encode())

    def _blob(self, digest: str) -> Path:
        return self.folder / "blobs/sha256" / digest.removeprefix("sha256:")

    def _add_json(self, content: Mapping[str, Any]) -> Descriptor:
        data = json.dumps(content, sort_keys=True).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        _write_atomically(self._blob(digest), data)
        return {"digest": digest, "size": len(data)}

    def _add_blob(self, file: Path) -> Descriptor:
        with file.open("rb") as content:
            digest = f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as scratch, file.open("rb") as content:
            while block := content.read(1 << 20):
                scratch.write(block)
        Path(scratch.name).rename(self._blob(digest))
        return {"digest": digest, "size": file.stat().st_size}


def _index_text(manifests: list[Descriptor]) -> str:
    return json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests})


def _write_atomically(target: Path, data: bytes) -> None:
    scratch = target.with_name(f"{target.name}.{os.getpid()}")
    scratch.write_bytes(data)
    scratch.rename(target)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    tar.addfile(entry, io.BytesIO(text.encode()))
