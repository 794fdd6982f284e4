"""`spec.model.serving`: where the model is in service."""

from typing import Annotated

from pydantic import StringConstraints

from modelmonitor.api.rules import OneOf
from modelmonitor.api.types import Model, Name, Uri


class SeldonDeploymentRef(Model):
    """A node of a SeldonDeployment (Seldon Core 1) in the monitor's namespace."""

    name: Name
    """The SeldonDeployment's name."""
    predictor: Annotated[str, StringConstraints(min_length=1, max_length=63)] = "default"
    """The predictor inside it."""
    node: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    """The node of the predictor's graph whose modelUri is the model."""


class SeldonModelRef(Model):
    """A Model of Seldon Core 2 (mlops.seldon.io) in the monitor's namespace."""

    name: Name
    """The Model's name. Its storageUri is the model."""


class Batch(Model):
    """Nothing serves the model: batch jobs read its URI from a ConfigMap, which the operator keeps."""

    config_map: Name | None = None
    """The ConfigMap, with the keys modelUri, version and digest. Default: `<monitor>-model`."""
    uri: Uri
    """The model with which the ConfigMap is made where there is none. From then on the ConfigMap says which it is."""


class Serving(OneOf):
    """What serves the model. Set exactly one."""

    seldon_deployment: SeldonDeploymentRef | None = None
    """A node of a SeldonDeployment (Seldon Core 1) in the monitor's namespace."""
    seldon_model: SeldonModelRef | None = None
    """A Model of Seldon Core 2 (mlops.seldon.io) in the monitor's namespace."""
    batch: Batch | None = None
    """Nothing serves it: batch jobs read its URI from a ConfigMap, which the operator keeps."""
