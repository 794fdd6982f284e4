"""A subtree of another API is kept as it is; the path into it that we rely on is required."""

from typing import Annotated, Any

from modelmonitor.api.annotations import Preserved
from modelmonitor.api.types import Model


class Case(Model):
    """Has a Job's template in it."""

    job_template: Annotated[dict[str, Any], Preserved("spec.template", of="batch/v1 JobTemplateSpec")]
    """The Job that is made."""
