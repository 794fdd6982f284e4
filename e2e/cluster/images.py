"""Images without a registry: Dockerfiles built by buildah on a Debian root with Python, kept as an OCI layout.

    image = images.build("operator", dockerfile=Path("Dockerfile"), context=Path(), target="operator",
                         inputs=["operator", "pyproject.toml", "requirements/operator.lock"], progress=progress)
    images.load(image)      # into the running cluster; pods name `image`, imagePullPolicy IfNotPresent or Never

An image's tag is the hash of what it is made of: changed code is another image and so another pod, unchanged code
costs nothing. Names begin with `localhost/`, which neither kubectl nor containerd completes to anything else.
Write Dockerfiles with what changes least first: layers are cached.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from e2e.cluster import cache
from e2e.cluster.builder import builder
from e2e.cluster.debian import make_root, recipe
from e2e.cluster.importing import PREFIX, forget_stale, import_archive, import_image
from e2e.cluster.inputs import copy_inputs
from e2e.cluster.oci import Layout
from e2e.cluster.progress import Progress
from e2e.cluster.sandbox import Sandbox, sandbox

_LOCK: Final = "building images"
_VERSIONS_KEPT: Final = 3
_PIP_SETTINGS: Final = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")


def layout() -> Layout:
    """Where built images are kept."""
    made = Layout(cache.root() / "images")
    made.create()
    return made


def base_image(progress: Progress) -> str:
    """The reference of the Debian root with Python, made at the first call."""
    reference = f"{PREFIX}/base:{cache.key_of(*recipe())}"
    if not layout().find(reference):
        with cache.locked(_LOCK, progress):
            if not layout().find(reference):
                make_root(reference, layout(), progress)
    return reference


def build(
    name: str,
    *,
    dockerfile: Path,
    context: Path,
    inputs: Sequence[str],
    progress: Progress,
    target: str | None = None,
    arguments: Mapping[str, str] | None = None,
) -> str:
    """Build an image, unless it is there, and return its reference, `localhost/modelmonitor/NAME:HASH`.

    Only `inputs` reach the build, so that nothing can be in the image that is not in its hash. The build argument
    BASE is the Debian root with Python, unless `arguments` has another.

    Args:
        name: Last part of the image's name.
        dockerfile: The Dockerfile.
        context: The folder that `inputs` and the paths of COPY are relative to.
        inputs: Files and folders that COPY takes; compiled Python is left out of folders.
        progress: Where the build is reported.
        target: Stage of the Dockerfile; the last one when None.
        arguments: Build arguments.

    Raises:
        ClusterError: An input is not there, or a build step failed; the message has its output.
    """
    with tempfile.TemporaryDirectory(prefix="modelmonitor-image-") as scratch:
        base = base_image(progress)
        given = {"BASE": base, **(arguments or {})}
        copied, pip = Path(scratch) / "context", Path(scratch) / "pip.conf"
        contents = copy_inputs(context, inputs, copied)
        key = cache.key_of(dockerfile.read_bytes(), target or "", repr(sorted(given.items())), *contents)
        reference = f"{PREFIX}/{name}:{key}"
        if layout().find(reference):
            return reference
        options = [f"--build-arg={word}={value}" for word, value in given.items()]
        options += [f"--target={target}"] if target else []
        pip.write_text(_pip_settings())
        with cache.locked(_LOCK, progress), builder(cache.layer_store("buildah")) as tools:
            tools.begin_anew_when_too_big()
            with progress.step(f"building image {name}:{key}") as step:
                tools.take(layout(), base, step)
                tools.build(reference, dockerfile, copied, pip, options, step)
                tools.give(reference, layout(), step)
            layout().keep_newest(_VERSIONS_KEPT)
        return reference


def from_binary(name: str, binary: Path, arguments: Sequence[str], progress: Progress) -> str:
    """The reference of an image that holds one static binary and runs it as user 65534."""
    with binary.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    reference = f"{PREFIX}/{name}:{cache.key_of(digest, repr(arguments))}"
    if not layout().find(reference):
        with cache.locked(_LOCK, progress):
            layout().add_binary(reference, binary, list(arguments))
    return reference


def load(reference: str, node: Sandbox | None = None) -> None:
    """Put a built image into the running cluster. Raises ClusterError when there is no such image, or no cluster."""
    import_image(layout(), reference, node or sandbox())


def forget_stale_versions(node: Sandbox) -> None:
    """Remove from a node on which no pods run yet the versions of our images that were dropped since."""
    forget_stale(layout(), node)


def load_archive(archive: Path, node: Sandbox | None = None) -> str:
    """Put a docker-archive or OCI tar into the running cluster; returns the lines that containerd says about it."""
    return import_archive(archive, node or sandbox())


def _pip_settings() -> str:
    """The machine's own pip settings (which index, through what), for the time of the build only."""
    asked = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    kept = {"cert": "/etc/ssl/certs/ca-certificates.crt"}
    for line in asked.stdout.splitlines():
        name, _, value = line.partition("=")
        word = name.rpartition(".")[2]
        if word in _PIP_SETTINGS:
            kept[word] = value.strip("'\"")
    return "\n".join(["[global]", *(f"{word} = {value}" for word, value in kept.items()), ""])
