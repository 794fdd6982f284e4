"""What a window is judged by: metrics, business rules and metrics of the user's own, each with an objective."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from modelmonitor.api.metric_names import INCOMPARABLE, PARAMETERS, SHARES, MetricName, cel, listed
from modelmonitor.api.rules import OneOf, Rule, Ruled
from modelmonitor.api.types import Column, Model, Share


class Severity(StrEnum):
    """What a missed objective means: Fail counts towards retraining, Warn and DryRun are only told."""

    FAIL = "Fail"
    WARN = "Warn"
    DRY_RUN = "DryRun"


Bound = Annotated[float, Field(ge=-1e12, le=1e12)]
"""The value of an objective."""

ClassText = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A class as it is written in the data."""


class Objective(Ruled):
    """A value that is measured on every window, and the value from which on it is good enough."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.min) || has(self.max)",
            "it needs an objective: set min (the least good value) or max",
        ),
        Rule(
            "!has(self.min) || !has(self.max) || self.min <= self.max",
            "min is above max: no value meets both, lower min or raise max",
        ),
        Rule(
            "!has(self.failuresToTrip) || self.severity != 'Warn'",
            "severity Warn never trips: remove failuresToTrip, or set severity to Fail or DryRun",
        ),
    )

    min: Bound | None = None
    """The objective: the value must not be below this one."""
    max: Bound | None = None
    """The objective: the value must not be above this one."""
    severity: Severity = Severity.FAIL
    """What a missed objective means. Fail: the window counts towards retraining. Warn: it is only told. DryRun: it is
    judged as with Fail, changes nothing, and an Event says when it would have started a retraining."""
    failures_to_trip: Annotated[int, Field(ge=1, le=10)] | None = None
    """A count of its own: so many separate windows in a row must miss this objective, whatever the others do. Without
    it the window counts by verdict.failuresToTrip. Only with severity Fail or DryRun."""
    minimum_rows: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100
    """With fewer rows it is not judged, but Insufficient. For precision, recall and f1 these are the rows of the
    denominator; between groups, the rows of each group's denominator."""
    segments: Annotated[tuple[Column, ...], Field(max_length=4)] = ()
    """Columns whose values are segments: each is judged beside all rows, against the same value. The segments are those
    of `data.reference`, the 50 most frequent of a column, so that no window chooses what it is judged by."""

    @property
    def full_name(self) -> str:
        """By which name its result is known."""
        raise NotImplementedError


class Cost(Model):
    """What it costs when a row of one class is predicted as another."""

    label: ClassText
    """The true class."""
    predicted: ClassText
    """The predicted class."""
    cost: Bound
    """What one such row costs; negative is a gain."""


class Slack(Model):
    """By how much a metric may be worse than it was."""

    by: Annotated[float, Field(ge=0, le=1e12)]
    """How much, in the metric's own unit."""


class NoWorseThan(OneOf):
    """What a metric must not be worse than. Set exactly one."""

    promotion: Slack | None = None
    """The value that the serving model had when it was promoted, on the rows on which it beat the one before it. A
    model that was not promoted here has none, and is judged by `min` and `max` alone."""
    reference: Slack | None = None
    """The value that the serving model has on `data.reference`, which must be labelled. Not for rows that it was
    trained on: there it looks better than it is."""


class Metric(Objective):
    """Each has a name, and a `min` or a `max`."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *Objective.rules,
        Rule(
            f"!(self.name in {cel(SHARES)}) || (!has(self.min) || (self.min >= 0.0 && self.min <= 1.0))"
            " && (!has(self.max) || (self.max >= 0.0 && self.max <= 1.0))",
            "this metric lies between 0 and 1: write min and max as shares, such as 0.2 for 20 %",
        ),
        Rule(
            f"!has(self.noWorseThan) || !(self.name in {cel(INCOMPARABLE)})",
            f"{listed(INCOMPARABLE)} is not worse for being greater or less: remove noWorseThan",
        ),
        Rule(
            f"!has(self.noWorseThan) || !(self.name in {cel(SHARES)})"
            " || [has(self.noWorseThan.promotion) && self.noWorseThan.promotion.by >= 1.0,"
            " has(self.noWorseThan.reference) && self.noWorseThan.reference.by >= 1.0].all(much, !much)",
            "this metric lies between 0 and 1: write by as a share, such as 0.05 for five points",
        ),
        *(
            Rule(
                f"has(self.{field}) == (self.name in {cel(names)})",
                f"{field} belongs to {listed(names)} and to nothing else: set it there, and only there",
            )
            for field, names in PARAMETERS.items()
        ),
    )

    name: MetricName
    """The metric, by the name that scikit-learn gives it. docs/metrics.md says what each is, and of which task."""
    beta: Annotated[float, Field(ge=0.01, le=100)] | None = None
    """Of fbeta: recall weighs beta times as much as precision."""
    alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of mean_pinball_loss: the quantile that the model predicts, such as 0.9."""
    quantile: Annotated[float, Field(ge=0.001, le=0.999)] | None = None
    """Of absolute_error_quantile: the share of rows whose error is at most its value, such as 0.95."""
    costs: Annotated[tuple[Cost, ...], Field(min_length=1, max_length=100)] | None = None
    """Of mean_cost: what each kind of mistake (or of right answer) costs. What is not listed costs nothing."""
    no_worse_than: NoWorseThan | None = None
    """A second objective beside `min` and `max`, with an interval of its own: the result is `<metric>{promotion}` or
    `<metric>{reference}`, the difference to what it was."""
    between: Column | None = None
    """Of the metrics that compare groups: the column whose values are the groups, at most 20."""

    @property
    def full_name(self) -> str:
        """The metric's name."""
        return self.name.value


class BusinessRule(Objective):
    """A condition that rows should satisfy, and the share of rows that must."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    """What it is called; its result is `rule.` and this name."""
    expression: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """A condition on the columns of one row in Polars' SQL, such as `p_late BETWEEN 0 AND 1 AND carrier IS NOT NULL`.
    All rows of the window count, whether their label is known or not; where it gives null it is not satisfied."""
    min: Share | None = None
    """The objective: the least share of rows that must satisfy it."""
    max: Share | None = None
    """The objective: the greatest share of rows that may satisfy it."""

    @property
    def full_name(self) -> str:
        """`rule.<name>`."""
        return f"rule.{self.name}"


class UserMetric(Objective):
    """A metric that an installed Python package brings, as an entry point of the group `modelmonitor.metrics`."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([-_.A-Za-z0-9]*)$")]
    """The name of the entry point; its result is `user.` and this name. The package must be in the evaluator's image;
    docs/metrics.md says how it is written."""

    @property
    def full_name(self) -> str:
        """`user.<name>`."""
        return f"user.{self.name}"
