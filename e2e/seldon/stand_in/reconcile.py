"""One look of the operator: from what is stored to what is to be written. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from . import names, workload
from .conditions import Conditions, Dependent
from .seldon import SeldonDeployment
from .settings import Settings
from .workload import Manifest


class State(StrEnum):
    """`status.state`."""

    AVAILABLE = "Available"
    CREATING = "Creating"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Owned:
    """The objects whose controller is the SeldonDeployment, by name, as they were last seen."""

    deployments: Mapping[str, Manifest]
    services: Mapping[str, Manifest]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look leads to: objects to create or to update, objects to delete, the status."""

    write: tuple[Manifest, ...]
    delete: tuple[Manifest, ...]
    status: Manifest


def reconcile(seldon: SeldonDeployment, owned: Owned, now: datetime, settings: Settings) -> Look:
    """Look once.

    The status speaks of the Deployments as they were last seen: `observedGeneration` is not read, so a look between
    an update and the Deployment controller's answer finds the old pods' numbers and says Available.
    """
    wanted = [workload.deployment(seldon, predictor, settings) for predictor in seldon.predictors]
    wanted_services = [service for predictor in seldon.predictors for service in workload.services(seldon, predictor)]
    found = [owned.deployments[d["metadata"]["name"]] for d in wanted if d["metadata"]["name"] in owned.deployments]
    changed = [d for d in wanted if not _as_wanted(d, owned.deployments)]
    ready = not changed and all(_serves(deployment) for deployment in found)
    return Look(
        write=(
            *(s for s in wanted_services if not _as_wanted(s, owned.services)),
            *changed,
        ),
        delete=tuple(_obsolete(wanted, wanted_services, owned)) if ready else (),
        status=_status(seldon, owned, found, ready, now),
    )


def refused(seldon_status: Mapping[str, Any], message: str) -> Manifest:
    """The status after an error of the API server: Failed, with its message."""
    return {**seldon_status, "state": State.FAILED.value, "description": message}


def differs(status: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    """Whether a status is worth a write: times alone are not."""
    return _timeless(status) != _timeless(stored)


def _status(seldon: SeldonDeployment, owned: Owned, found: list[Manifest], ready: bool, now: datetime) -> Manifest:
    first = seldon.predictors[0]
    service = names.predictor_service(seldon.name, first.name)
    main = owned.deployments.get(names.deployment_name(seldon.name, first.name, first.node), {})
    numbers = {
        name: _counted(owned.deployments[name])
        for name in sorted(owned.deployments)
        # An entry begins with the first pod and ends with the Deployment.
        if name in seldon.status.get("deploymentStatus", {}) or _counted(owned.deployments[name])
    }
    state, description = _state(found, ready)
    marked = _marked(Conditions.read(seldon.status.get("conditions", []), f"{now:%Y-%m-%dT%H:%M:%SZ}"), found, ready)
    endpoint = f"http://{service}.{seldon.namespace}.svc.cluster.local:{workload.ENGINE_HTTP}"
    status = {
        "state": state.value,
        "description": description,
        "conditions": marked.as_stored(),
        "deploymentStatus": numbers,
        "serviceStatus": {name: _endpoints(owned.services[name]) for name in sorted(owned.services)},
        "replicas": main.get("status", {}).get("replicas"),
        "address": {"url": f"{endpoint}/v2/models/{first.node}/infer"} if service in owned.services else None,
    }
    return {key: value for key, value in status.items() if value}


def _state(found: list[Manifest], ready: bool) -> tuple[State, str]:
    # A bad new model beside a live old pod stays Creating for ever: the Deployment is still Available.
    if any(_condition(d, "Available") == "False" == _condition(d, "Progressing") for d in found):
        return State.FAILED, "Deployment is no longer progressing and not available."
    return (State.AVAILABLE if ready else State.CREATING), ""


def _marked(conditions: Conditions, found: list[Manifest], ready: bool) -> Conditions:
    answers = [c for d in found for c in d.get("status", {}).get("conditions", []) if c["type"] == "Available"]
    unavailable = [c for c in answers if c["status"] != "True"]
    if unavailable:
        conditions = conditions.bad(
            Dependent.DEPLOYMENTS, unavailable[-1]["reason"], unavailable[-1].get("message", "")
        )
    elif answers:
        conditions = conditions.good(Dependent.DEPLOYMENTS, answers[-1]["reason"], answers[-1].get("message", ""))
    if ready:
        conditions = conditions.good(Dependent.SERVICES, "All services created")
    else:
        conditions = conditions.bad(Dependent.SERVICES, "Not all services created")
    conditions = conditions.good(Dependent.HPAS, "No HPAs defined")
    conditions = conditions.good(Dependent.KEDA, "No KEDA resources defined")
    conditions = conditions.good(Dependent.PDBS, "No PDBs defined")
    if ready:
        conditions = conditions.good(Dependent.VIRTUAL_SERVICES, "No VirtualServices defined")
        conditions = conditions.good(Dependent.AMBASSADOR, "No Ambassador Mappaings defined")
    return conditions


def _obsolete(wanted: list[Manifest], wanted_services: list[Manifest], owned: Owned) -> Iterator[Manifest]:
    """Deployments of predictors that are gone, then, when their pods are too, the Services."""
    deployments = owned.deployments.keys() - {d["metadata"]["name"] for d in wanted}
    if deployments:
        yield from (owned.deployments[name] for name in sorted(deployments))
        return
    services = owned.services.keys() - {s["metadata"]["name"] for s in wanted_services}
    yield from (owned.services[name] for name in sorted(services))


def _serves(deployment: Manifest) -> bool:
    status = deployment.get("status", {})
    return bool(status.get("replicas", 0) > 0 and status.get("unavailableReplicas", 0) == 0)


def _counted(deployment: Manifest) -> dict[str, int]:
    status = deployment.get("status", {})
    return {key: status[key] for key in ("availableReplicas", "replicas") if status.get(key)}


def _condition(deployment: Manifest, which: str) -> str | None:
    conditions = deployment.get("status", {}).get("conditions", [])
    return next((c["status"] for c in conditions if c["type"] == which), None)


def _endpoints(service: Manifest) -> dict[str, str]:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
    return {
        "grpcEndpoint": f"{name}.{namespace}:{ports['grpc']}",
        "httpEndpoint": f"{name}.{namespace}:{ports['http']}",
        "svcName": name,
    }


def _as_wanted(wanted: Manifest, stored: Mapping[str, Manifest]) -> bool:
    found = stored.get(wanted["metadata"]["name"], {})
    return all(_is_in(wanted[part], found.get(part)) for part in ("metadata", "spec"))


def _is_in(wanted: Any, stored: Any) -> bool:
    """Whether every field that we set is stored as we set it; what the API server filled in does not matter."""
    if isinstance(wanted, dict):
        return isinstance(stored, dict) and all(
            _is_in(value, stored.get(key)) or (not value and not stored.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(stored, list)
            and len(wanted) == len(stored)
            and all(_is_in(one, other) for one, other in zip(wanted, stored, strict=True))
        )
    return bool(wanted == stored)


def _timeless(status: Mapping[str, Any]) -> dict[str, Any]:
    conditions = status.get("conditions", [])
    return {
        **status,
        "conditions": [{key: c[key] for key in c if key != "lastTransitionTime"} for c in conditions],
    }
