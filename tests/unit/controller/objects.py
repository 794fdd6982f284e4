"""Raw objects as the API server gives them, and a cache that has heard of them."""

from itertools import count
from typing import Any, Final

from modelmonitor.controller import labels
from modelmonitor.controller.cache import Cache

Raw = dict[str, Any]
TEAM: Final = "team"
MONITOR_UID: Final = "uid-of-flights"
SPEC: Final[Raw] = {
    "model": {"serving": {"seldonDeployment": {"name": "flights", "node": "classifier"}}},
    "data": {
        "current": {"files": {"uri": "s3://lake/flights/"}},
        "columns": {"timestamp": "time", "label": "late"},
        "predictions": {"model": {}},
    },
    "windows": {"length": "7d", "every": "7d"},
    "schedule": {"interval": "1h"},
    "metrics": [{"name": "f1", "min": 0.2}],
}
_versions = count(1)


def monitor(name: str = "flights", *, spec: Raw | None = None, status: Raw | None = None, **meta: Any) -> Raw:
    known = {"uid": MONITOR_UID, "generation": 1, "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"metadata": _meta(name, **{**known, **meta}), "spec": spec or SPEC, "status": status or {}}


def job(name: str, status: Raw, *, role: str = "champion", **meta: Any) -> Raw:
    owner = {"uid": MONITOR_UID, "controller": True}
    known = {"labels": {labels.MONITOR: "flights", labels.ROLE: role}, "ownerReferences": [owner], "uid": f"uid-{name}"}
    return {"metadata": _meta(name, **{**known, **meta}), "status": status}


def pod(name: str, status: Raw, *, of: str, **meta: Any) -> Raw:
    known = {"labels": {labels.MONITOR: "flights", labels.JOB_NAME: of}, "uid": f"uid-{name}"}
    return {"metadata": _meta(name, **{**known, **meta}), "status": status}


def _meta(name: str, **more: Any) -> Raw:
    return {"namespace": TEAM, "name": name, "resourceVersion": str(next(_versions)), **more}


def heard_of(*monitors: Raw) -> Cache:
    cache = Cache()
    for one in monitors:
        cache.monitors.apply(one)
    return cache


def seldon_deployment(predictor: str, uri: str) -> Raw:
    graph = {"name": "classifier", "modelUri": uri}
    spec = {"predictors": [{"name": predictor, "graph": graph}]}
    meta = _meta("flights", uid="uid-of-sdep", generation=1)
    return {"metadata": meta, "spec": spec, "status": {"state": "Available"}}
