"""The operator's settings: environment variables with the prefix MODELMONITOR_, set by the chart."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from modelmonitor.serving.targets import KINDS


class Mode(StrEnum):
    """What the operator may do."""

    ENFORCE = "Enforce"
    OBSERVE_ONLY = "ObserveOnly"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _known(text: str) -> str:
    known = [kind.name for kind in KINDS]
    unknown = [name for name in _listed(text) if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]} is none of {', '.join(known)}")
    return text


class Settings(BaseSettings):
    """How this operator runs."""

    model_config = SettingsConfigDict(env_prefix="MODELMONITOR_", frozen=True, use_attribute_docstrings=True)

    evaluator_image: str
    """The image of evaluation Jobs."""
    evaluator_image_pull_policy: str = "IfNotPresent"
    """When the kubelet pulls it."""
    namespaces: str = ""
    """The namespaces to watch, separated by commas; empty for all."""
    serving: Annotated[str, AfterValidator(_known)] = ",".join(kind.name for kind in KINDS)
    """The kinds of spec.model.serving that may be watched and changed, separated by commas."""
    mode: Mode = Mode.ENFORCE
    """ObserveOnly: nothing is trained, nothing is rolled."""
    fleet_guard_fewest: Annotated[int, Field(ge=1, le=100_000)] = 5
    """The fleet guard: at least so many models must turn bad within an hour…"""
    fleet_guard_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """… and more than this share of those that are trained, for all training and rolling to wait for a person."""
    evaluations: Annotated[int, Field(ge=0, le=100_000)] = 50
    """How many evaluation Jobs may run at once; 0 for any number."""
    evaluations_per_namespace: Annotated[int, Field(ge=0, le=100_000)] = 20
    """How many of them in one namespace."""
    trainings: Annotated[int, Field(ge=0, le=100_000)] = 10
    """How many training Jobs may run at once; 0 for any number."""
    trainings_per_namespace: Annotated[int, Field(ge=0, le=100_000)] = 5
    """How many of them in one namespace."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is told on stderr."""
    pod_name: str = "modelmonitor-local"
    """Who holds the Lease."""
    pod_namespace: str = "default"
    """Where the Lease is."""
    lease_name: str = "modelmonitor"
    """The Lease that makes one replica the active one."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Where /metrics, /healthz and /readyz are served; 0 for any free port."""
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    """How many monitors are reconciled side by side."""

    def watched_namespaces(self) -> tuple[str, ...]:
        """The namespaces as a list."""
        return _listed(self.namespaces)

    def served_kinds(self) -> tuple[str, ...]:
        """The kinds of serving as a list."""
        return _listed(self.serving)
