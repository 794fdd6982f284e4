"""Names of children: the same intent has the same name, two intents never share one.

An operator that was killed after creating a Job asks for the same name again and finds it. Everything that tells two
intents apart is in the hash; nothing that may change under a running Job is.
"""

import hashlib
import json
from typing import Final

from modelmonitor.api.measuring import Measurement
from modelmonitor.api.status import Attempt, Compared

_STEM: Final = 40


def identity(*parts: object) -> str:
    """sha256 of an intent's parts, in hexadecimal: the annotation that tells our child from a namesake."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()


def evaluation(uid: str, wanted: Measurement) -> str:
    """Identity of the evaluation of one look."""
    return identity(uid, "evaluation", wanted.stage, wanted.window.index, wanted.model_uri, wanted.look)


def comparison(uid: str, wanted: Compared) -> str:
    """Identity of the comparison of one look."""
    return identity(uid, "comparison", wanted.purpose, wanted.window.index, wanted.challenger_uri, wanted.look)


def training(uid: str, wanted: Attempt) -> str:
    """Identity of one try of the training of one trip.

    `trip` only grows: next month's never finds this month's Job; nor does the next try find the one that was evicted.
    """
    return identity(uid, "training", wanted.trip, wanted.retry)


def training_name(monitor: str, uid: str, wanted: Attempt) -> str:
    """The name of an attempt's training Job."""
    return child(monitor, "t", training(uid, wanted))


def child(monitor: str, letter: str, identity_hash: str) -> str:
    """`<monitor, at most 40>-<role letter>-<hash10>`: short enough for a Job's pods and labels.

    >>> child("flights", "e", "0123456789abcdef")
    'flights-e-0123456789'
    """
    stem = monitor.replace(".", "-")[:_STEM].rstrip("-")
    return f"{stem}-{letter}-{identity_hash[:10]}"
