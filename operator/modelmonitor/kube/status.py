"""Writing a monitor's status: whole, only when it differs, only over the version that the decision saw."""

from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.kube.api import Api, Document, Patch
from modelmonitor.kube.resources import MONITORS


async def write(api: Api, namespace: str, name: str, resource_version: str, status: ModelMonitorStatus) -> Document:
    """Replace the status.

    A JSON Patch that sets the resourceVersion is answered with 409 when the object has changed since: so a leader
    that was asleep, or a second operator, cannot write what it decided on an older world.

    Raises:
        ConflictError: the monitor has changed since it was read.
    """
    body = [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version},
        {"op": "add", "path": "/status", "value": status.document()},
    ]
    return await api.patch(MONITORS.path(namespace, name, "status"), body, Patch.JSON)
