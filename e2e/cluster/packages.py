"""The Debian packages that the node and the image builder are made of; installed when missing, and said so."""

import os
import shutil
from pathlib import Path
from typing import Final

from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Progress

# package -> a file that shows that it is there
NEEDED: Final = {
    "containerd": "/usr/bin/containerd",
    "runc": "/usr/sbin/runc",
    "containernetworking-plugins": "/usr/lib/cni/ptp",
    "nftables": "/usr/sbin/nft",
    "iproute2": "/usr/sbin/ip",
    "iptables": "/usr/sbin/iptables",
    "catatonit": "/usr/bin/catatonit",
    "openssl": "/usr/bin/openssl",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "buildah": "/usr/bin/buildah",
    "skopeo": "/usr/bin/skopeo",
    "ca-certificates": "/etc/ssl/certs/ca-certificates.crt",
}


def install_missing(progress: Progress) -> None:
    """Install what is not there yet, by apt.

    Raises:
        ClusterError: There is no apt, or it failed.
    """
    missing = [package for package, proof in NEEDED.items() if not _there(proof)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise ClusterError(
            f"these are missing and there is no apt-get to install them: {', '.join(missing)}. "
            "Install them by the system's own means, or use a Debian (12 or newer) machine."
        )
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    advice = "Run it by hand to see more; the machine's apt sources must be reachable."
    with progress.step("apt-get update") as step:
        step.run(["apt-get", "update"], env=quiet, advice=advice)
    with progress.step(f"apt-get install {' '.join(missing)}") as step:
        step.run(["apt-get", "install", "-y", "--no-install-recommends", *missing], env=quiet, advice=advice)


def _there(proof: str) -> bool:
    # Newer systems have /usr/sbin merged into /usr/bin: look by name as well.
    return Path(proof).exists() or shutil.which(Path(proof).name) is not None
