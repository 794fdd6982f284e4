"""The resources that the operator talks to, and their paths."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object, by what its path is made of."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """`group/version`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_path(self) -> str:
        """The path at which discovery lists the kinds of this group and version."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The path of a collection, an object or a subresource."""
        parts = [self.group_path]
        parts += ["namespaces", namespace] if namespace else []
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


MONITORS: Final = Resource("modelmonitor.dev", "v1alpha1", "modelmonitors", "ModelMonitor")
EVALUATIONS: Final = Resource("modelmonitor.dev", "v1alpha1", "modelevaluations", "ModelEvaluation")
JOBS: Final = Resource("batch", "v1", "jobs", "Job")
PODS: Final = Resource("", "v1", "pods", "Pod")
EVENTS: Final = Resource("", "v1", "events", "Event")
CONFIG_MAPS: Final = Resource("", "v1", "configmaps", "ConfigMap")
DEPLOYMENTS: Final = Resource("apps", "v1", "deployments", "Deployment")
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease")
SELDON_DEPLOYMENTS: Final = Resource("machinelearning.seldon.io", "v1", "seldondeployments", "SeldonDeployment")
SELDON_MODELS: Final = Resource("mlops.seldon.io", "v1alpha1", "models", "Model")
