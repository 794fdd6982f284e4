"""`spec.quality`: what the data themselves must be like, whatever the model makes of them."""

from enum import StrEnum

from modelmonitor.api.types import Model, Share


class Finding(StrEnum):
    """What a finding about the data means: Ignore is not looked for, Warn is told, Fail makes the window invalid."""

    IGNORE = "Ignore"
    WARN = "Warn"
    FAIL = "Fail"


class Limit(Model):
    """A share of rows that is tolerated, and what more of them means."""

    max: Share
    """The largest share of rows that is tolerated."""
    severity: Finding = Finding.WARN
    """What a larger share means. Fail: the window's data are invalid, and that the model fails on them does not
    count."""


class Quality(Model):
    """What the data must be like. A window whose data are invalid says nothing about the model."""

    missing: Limit | None = None
    """Missing values, in any feature."""
    unseen_categories: Finding = Finding.WARN
    """Categories that the reference does not have, if more of them than it has new ones all the time."""
    out_of_range: Finding = Finding.WARN
    """Numbers below the reference's least or above its greatest, if there are more of them than chance puts there."""
    duplicates: Finding = Finding.WARN
    """Rows whose join key stands twice."""
    changed_schema: Finding = Finding.WARN
    """Columns that were added, removed or retyped since the reference."""
