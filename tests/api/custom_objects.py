"""What the API server answers to a manifest of one of our kinds."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes.client import ApiException, CustomObjectsApi

from modelmonitor.api.kinds import KINDS

Json = dict[str, Any]

ROOT: Final = Path(__file__).resolve().parents[2]
MANIFESTS: Final = ROOT / "tests" / "data" / "manifests"
PLURALS: Final = {kind.name: kind.plural for kind in KINDS}


def manifest(name: str) -> Json:
    """A manifest of tests/data/manifests."""
    document: Json = yaml.safe_load((MANIFESTS / f"{name}.yaml").read_text(encoding="utf-8"))
    return document


def merged(document: Json, change: Json) -> Json:
    """The document after a JSON merge patch: None removes a field, a list is replaced whole."""
    result = copy.deepcopy(document)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result[key] if isinstance(result.get(key), dict) else {}, value)
        else:
            result[key] = value
    return result


@dataclass(frozen=True)
class Answer:
    """Either the object as it would be stored, or why it is refused."""

    stored: Json
    message: str = ""
    causes: tuple[tuple[str, str], ...] = ()
    """Field and sentence of each complaint."""

    @property
    def accepted(self) -> bool:
        return not self.message


@dataclass(frozen=True)
class CustomObjects:
    """Our kinds in one namespace; unknown fields are refused, as `kubectl apply` does."""

    api: CustomObjectsApi
    namespace: str

    def try_create(self, document: Json) -> Answer:
        """Validate and fill in defaults, store nothing."""
        return self._answer("create_namespaced", document, dry_run="All", field_validation="Strict")

    def create(self, document: Json) -> Answer:
        return self._answer("create_namespaced", document, field_validation="Strict")

    def try_change(self, stored: Json, change: Json) -> Answer:
        """Update an object that is there, store nothing."""
        name = stored["metadata"]["name"]
        changed = merged(stored, change)
        return self._answer("replace_namespaced", changed, name=name, dry_run="All", field_validation="Strict")

    def change(self, stored: Json, change: Json) -> Answer:
        name = stored["metadata"]["name"]
        return self._answer("replace_namespaced", merged(stored, change), name=name, field_validation="Strict")

    def write_status(self, stored: Json, change: Json) -> Answer:
        """Update through the status subresource, as the operator does: unknown fields are cut off, not refused."""
        call, name = "replace_namespaced", stored["metadata"]["name"]
        return self._answer(call, merged(stored, change), name=name, suffix="_status")

    def get(self, stored: Json) -> Json:
        return self._answer("get_namespaced", stored, name=stored["metadata"]["name"], send=False).stored

    def _answer(self, call: str, document: Json, *, suffix: str = "", send: bool = True, **options: Any) -> Answer:
        group, version = document["apiVersion"].split("/")
        where = {"group": group, "version": version, "namespace": self.namespace, "plural": PLURALS[document["kind"]]}
        method = getattr(self.api, f"{call}_custom_object{suffix}")
        try:
            return Answer(stored=method(**where, **({"body": document} if send else {}), **options))
        except ApiException as error:
            status = json.loads(error.body)
            causes = status.get("details", {}).get("causes", ())
            said = tuple((one.get("field", ""), one["message"].removeprefix("Invalid value: ")) for one in causes)
            return Answer(stored={}, message=status["message"], causes=said)
