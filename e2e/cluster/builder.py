"""buildah and skopeo with a store of their own: Dockerfiles to images, images to and from the OCI layout."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from e2e.cluster.oci import Layout
from e2e.cluster.progress import Step

_ENOUGH_BYTES: Final = 12 << 30
_CERTIFICATES: Final = "/etc/ssl/certs"


@dataclass(frozen=True)
class Builder:
    """Runs them in a mount namespace, with a run folder that is thrown away: killed, they leave no mount behind."""

    store: Path
    scratch: Path

    def begin_anew_when_too_big(self) -> None:
        """Drop the store, and so all cached layers, when it has grown beyond 12 GB: old layers pile up in it."""
        layers = self.store / "overlay-layers" / "layers.json"
        kept = json.loads(layers.read_text()) if layers.exists() else []
        if sum(layer.get("diff-size", 0) for layer in kept) > _ENOUGH_BYTES:
            shutil.rmtree(self.store)

    def take(self, layout: Layout, reference: str, step: Step) -> None:
        """Make an image of the layout known to buildah."""
        self._run(step, "skopeo", "copy", f"oci:{layout.folder}:{reference}", self._stored(reference))

    def build(self, reference: str, dockerfile: Path, context: Path, pip: Path, options: list[str], step: Step) -> None:
        """Build; pip in it finds the machine's certificates and the settings in the file `pip`, and neither stays."""
        where = ["--storage-driver=overlay", f"--root={self.store}", f"--runroot={self.scratch}"]
        how = ["--isolation=chroot", "--layers", "--pull=never", "--format=oci"]
        mounts = [f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro", f"--volume={pip}:/etc/pip.conf:ro"]
        what = [f"--file={dockerfile}", f"--tag={reference}", str(context)]
        self._run(step, "buildah", *where, "build", *how, *mounts, *options, *what)

    def give(self, reference: str, layout: Layout, step: Step) -> None:
        """Put an image into the layout; layers stay uncompressed, and those that are there are not written again."""
        raw = "--dest-oci-accept-uncompressed-layers"
        self._run(step, "skopeo", "copy", raw, self._stored(reference), f"oci:{layout.folder}:{reference}")

    def _stored(self, reference: str) -> str:
        return f"containers-storage:[overlay@{self.store}+{self.scratch}]{reference}"

    def _run(self, step: Step, *command: str) -> None:
        step.run(["unshare", "--mount", *command])


@contextmanager
def builder(store: Path) -> Iterator[Builder]:
    """A builder on this store; hold the cache's image lock meanwhile."""
    with tempfile.TemporaryDirectory(prefix="modelmonitor-builder-") as scratch:
        yield Builder(store, Path(scratch))
