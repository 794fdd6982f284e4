"""The contract of `spec.retrain` from the trainer's side: what it is told, and what it hands back."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from modelmonitor.api.training import TrainingSpec
from modelmonitor.api.types import format_duration, format_time
from modelmonitor.evaluation.errors import EvaluationError

MESSAGE_LIMIT: Final = 4096
"""Bytes of a termination message; of a longer one the kubelet keeps the end, which is no JSON."""


class TrainingError(EvaluationError):
    """What keeps a model from being trained, beside what keeps data and models from being read."""


class Format(StrEnum):
    """How the new model is written."""

    JOBLIB = "joblib"
    SKOPS = "skops"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"model.{self}"


@dataclass(frozen=True, slots=True)
class Budget:
    """How far a search may go."""

    candidates: int = 20
    """Sets of parameters that are drawn, beside the champion's own."""
    time: timedelta = timedelta(minutes=30)
    """No fit is started that would likely end later than this after the search began."""
    folds: int = 3
    """How many times each is fitted and measured, on ever later rows."""


@dataclass(frozen=True, slots=True)
class Choices:
    """How to train; every default gives a refit of the champion's pipeline as it is."""

    format: Format | None = None
    """None is the champion's."""
    held_out: float = 0.2
    """The share of rows, the newest, on which both models are measured before the last fit."""
    minimum_rows: int = 100
    """With fewer labelled rows nothing is trained."""
    seed: int = 0
    """Of whatever draws: the pipeline's own `random_state` where it has none, and the search."""
    space: Mapping[str, Any] = field(default_factory=dict)
    """Parameters to search over, as `search.space_of` reads them; without any nothing is searched."""
    budget: Budget = Budget()

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        search = {
            "space": dict(self.space),
            "candidates": self.budget.candidates,
            "time": format_duration(self.budget.time),
            "folds": self.budget.folds,
        }
        return {
            "format": self.format,
            "heldOut": self.held_out,
            "minimumRows": self.minimum_rows,
            "seed": self.seed,
            "search": search if self.space else None,
        }


@dataclass(frozen=True, slots=True)
class Order:
    """What to train."""

    champion_uri: str
    """The folder of the serving model, of which the pipeline is taken."""
    output_uri: str
    """The new folder for the new model."""
    start: datetime
    """Train on events from here."""
    end: datetime
    """Train on events before this."""
    spec: TrainingSpec
    """What is known of the data and the model's task."""
    choices: Choices = Choices()
    monitor: str = ""
    """Whose model it is; told."""
    reason: str = ""
    """Why it is trained; told."""
    window: tuple[datetime, datetime] | None = None
    """The window that gave the reason, the newest of them; told."""

    def attempt(self, champion_digest: str) -> dict[str, Any]:
        """What makes two attempts the same: the same order, from the same champion."""
        return {
            "championUri": self.champion_uri,
            "championDigest": champion_digest,
            "outputUri": self.output_uri,
            "start": format_time(self.start),
            "end": format_time(self.end),
            "choices": self.choices.document(),
            "spec": self.spec.document(),
        }


@dataclass(frozen=True, slots=True)
class Trained:
    """What is handed back: the contract's three fields."""

    model_uri: str
    trained_through: str
    """The newest event time that was trained on, RFC 3339."""
    metrics: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """The JSON form of the contract."""
        return {"modelUri": self.model_uri, "trainedThrough": self.trained_through, "metrics": dict(self.metrics)}


def success_message(trained: Trained) -> str:
    """The termination message of a training that succeeded: with as many metrics as fit."""
    metrics = list(trained.metrics.items())
    while True:
        text = _json(Trained(trained.model_uri, trained.trained_through, dict(metrics)).document())
        if not metrics or len(text.encode()) <= MESSAGE_LIMIT:
            return text
        metrics.pop()


def failure_message(reason: str, message: str) -> str:
    """The termination message of a training that did not succeed; a very long sentence is cut."""
    while len((text := _json({"error": reason, "message": message})).encode()) > MESSAGE_LIMIT:
        message = message[: len(message) * 9 // 10]
    return text


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


_RESOURCES: Final = re.compile(r"(?:spec\.)?jobs\.resources(\.limits\.[a-z-]+)")


def in_terms_of_training(message: str) -> str:
    """A message of the evaluation's stages with the fields by which a training is changed.

    >>> in_terms_of_training("raise spec.jobs.resources.limits.memory, or shorten windows.length")
    'raise resources.limits.memory in spec.retrain.jobTemplate, or shorten retrain.trainingWindow'
    """
    of_template = _RESOURCES.sub(r"resources\1 in spec.retrain.jobTemplate", message)
    return of_template.replace("windows.length", "retrain.trainingWindow")
