"""What the stand-in reads of a SeldonDeployment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

GROUP: Final = "machinelearning.seldon.io"
VERSION: Final = "v1"
PLURAL: Final = "seldondeployments"
KIND: Final = "SeldonDeployment"


class UnsupportedError(Exception):
    """The spec asks for something the stand-in was not made to do."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """One predictor with one node; `container` is what the user set of the node's, `raw` all of it, as stored."""

    name: str
    node: str
    model_uri: str
    replicas: int
    container: Mapping[str, Any]
    raw: Mapping[str, Any]

    @classmethod
    def read(cls, raw: Mapping[str, Any], default_replicas: int) -> Self:
        """Take a predictor apart.

        Raises:
            UnsupportedError: not a single SKLEARN_SERVER node, or a componentSpec of more than its container.
        """
        graph = raw["graph"]
        containers = [c for spec in raw.get("componentSpecs", []) for c in spec.get("spec", {}).get("containers", [])]
        if graph.get("implementation") != "SKLEARN_SERVER" or graph.get("children"):
            raise UnsupportedError(
                f'predictor "{raw["name"]}": the stand-in serves one SKLEARN_SERVER node without children, '
                f"not {graph.get('implementation', 'a node without implementation')}"
            )
        if [c["name"] for c in containers] not in ([], [graph["name"]]):
            raise UnsupportedError(
                f'predictor "{raw["name"]}": the stand-in reads one container of componentSpecs, '
                f'named as the node, "{graph["name"]}"'
            )
        return cls(
            name=raw["name"],
            node=graph["name"],
            model_uri=graph.get("modelUri", ""),
            replicas=raw.get("replicas", default_replicas),
            container=containers[0] if containers else {},
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class SeldonDeployment:
    """The parts of the object that decide what is made of it."""

    namespace: str
    name: str
    uid: str
    predictors: tuple[Predictor, ...]
    annotations: Mapping[str, str]
    status: Mapping[str, Any]

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Take a stored object apart.

        Raises:
            UnsupportedError: see `Predictor.read`; or a protocol other than v2.
        """
        metadata, spec = stored["metadata"], stored["spec"]
        if spec.get("protocol") != "v2":
            raise UnsupportedError(f'protocol: the stand-in speaks "v2" only, not "{spec.get("protocol", "seldon")}"')
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            predictors=tuple(Predictor.read(raw, spec.get("replicas", 1)) for raw in spec["predictors"]),
            annotations=spec.get("annotations", {}),
            status=stored.get("status", {}),
        )
