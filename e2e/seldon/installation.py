"""The manifests under manifests/ with their blanks filled in.

kubectl("apply", "-f", "-", stdin=installation.stand_in(image, server_image, probe_delay=2, probe_period=1))
kubectl("apply", "-n", "demo", "-f", "-", stdin=installation.s3_access("demo") + installation.s3(server_image))
"""

from pathlib import Path
from string import Template
from typing import Final

CRD: Final = Path(__file__).with_name("crd.yaml")


def stand_in(image: str, server_image: str, *, probe_delay: int = 20, probe_period: int = 5, pre_stop: int = 10) -> str:
    """The stand-in, its namespace and its rights; the delays are the measured ones unless a scenario says otherwise."""
    return _filled(
        "stand-in.yaml",
        stand_in_image=image,
        server_image=server_image,
        probe_delay=str(probe_delay),
        probe_period=str(probe_period),
        pre_stop=str(pre_stop),
    )


def s3(server_image: str) -> str:
    """The S3 server, for the namespace that this is applied to."""
    return _filled("s3.yaml", server_image=server_image)


def s3_access(s3_namespace: str) -> str:
    """Secret `lake`: the environment with which a pod of any namespace reaches the S3 server in that one."""
    return _filled("s3-access.yaml", s3_namespace=s3_namespace)


def _filled(name: str, **values: str) -> str:
    text = (Path(__file__).parent / "manifests" / name).read_text()
    return f"---\n{Template(text).substitute(values)}"
