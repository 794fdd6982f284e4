"""`spec.drift`: how far the data may move away from the reference."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from modelmonitor.api.rules import Rule, Ruled
from modelmonitor.api.types import Model, Share


class DriftMethod(StrEnum):
    """How two distributions are compared: distances (`max` is their limit) and tests (`alpha` is their level)."""

    PSI = "psi"
    JENSEN_SHANNON = "js"
    HELLINGER = "hellinger"
    TOTAL_VARIATION = "tv"
    KOLMOGOROV_SMIRNOV = "ks"
    WASSERSTEIN = "wasserstein"
    CHI_SQUARE = "chi2"


class DriftSeverity(StrEnum):
    """What drift means: Warn is only told, Fail makes the window's Data stage fail, Trip counts towards retraining."""

    WARN = "Warn"
    FAIL = "Fail"
    TRIP = "Trip"


class DriftLimit(Ruled):
    """A method, and the distance or the level from which on it is drift."""

    rules: ClassVar = (
        Rule(
            "has(self.max) != has(self.alpha)",
            "set exactly one of max (a distance, such as 0.2 for psi) and alpha (the level of a test, such as 0.01)",
        ),
        Rule(
            "!has(self.alpha) || self.method in ['ks', 'chi2']",
            "only ks and chi2 are tests with a level alpha: set max for this method, or choose ks or chi2",
        ),
    )

    method: DriftMethod
    """How the distributions are compared."""
    max: Annotated[float, Field(ge=0, le=1e12)] | None = None
    """The largest distance that is no drift. Wasserstein distances are in standard deviations of the reference."""
    alpha: Annotated[float, Field(ge=1e-9, le=0.5)] | None = None
    """The level of the test: the chance that a column that has not drifted is called drifted."""
    severity: DriftSeverity = DriftSeverity.WARN
    """What drift means. Drift alone never starts a retraining, unless it is Trip."""


class FeatureDrift(DriftLimit):
    """Drift of the features, and how many of them may drift."""

    share: Share = 0.3
    """The largest share of drifted features that is no drift of the data."""


class Drift(Model):
    """How far the data may move away from the reference. Each part that is not set is not looked at."""

    features: FeatureDrift | None = None
    """Each feature, and the share of them that has drifted."""
    prediction: DriftLimit | None = None
    """The predictions: the score, the class, or the value."""
    target: DriftLimit | None = None
    """The labels, where they are known."""
