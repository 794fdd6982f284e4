"""The kinds of things that serve, and which one a monitor's model has."""

from typing import Final

from modelmonitor.api.serving import Serving
from modelmonitor.serving import batch, seldon_deployment, seldon_model
from modelmonitor.serving.batch import BatchTarget
from modelmonitor.serving.protocol import ServingKind, Target
from modelmonitor.serving.seldon_deployment import SeldonDeploymentTarget
from modelmonitor.serving.seldon_model import SeldonModelTarget

KINDS: Final[tuple[ServingKind, ...]] = (seldon_deployment.KIND, seldon_model.KIND, batch.KIND)


def target_of(serving: Serving, monitor: str) -> Target:
    """Where the model of the monitor of this name is served."""
    if serving.seldon_deployment is not None:
        return SeldonDeploymentTarget(serving.seldon_deployment)
    if serving.seldon_model is not None:
        return SeldonModelTarget(serving.seldon_model)
    assert serving.batch is not None  # noqa: S101 - a one-of, and the last of it
    return BatchTarget(serving.batch, monitor)


def kind_of(serving: Serving) -> str:
    """The kind of the object that holds the URI."""
    return target_of(serving, "").key.kind
