"""How the served models are asked: by the evaluation's own means, from rows in a file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from modelmonitor.api.monitor import Columns, FromEndpoint, ModelSpec, Partitioning
from modelmonitor.evaluation.endpoint import EndpointModel, endpoint_model
from modelmonitor.evaluation.endpoint.client import Client
from modelmonitor.evaluation.plan import Source, plan
from modelmonitor.evaluation.sample import Sample
from modelmonitor.evaluation.storage import Purpose, open_folder
from tests.unit.evaluation.endpoint import served

SERVING: Final = {"seldonDeployment": {"name": "flights", "node": "classifier"}}
SPECS: Final[dict[str, dict[str, Any]]] = {
    "whole": {},
    "words": {"positiveClass": "late"},
    "three": {"task": "MulticlassClassification", "classes": ["0", "1", "2"]},
    "value": {"task": "Regression"},
    "classes": {"positiveClass": "late"},
    "named": {},
    "matrix": {},
}
"""spec.model of a monitor of each."""


def sample(folder: Path) -> Sample:
    """A window that holds all rows."""
    table = served.batch(tuple(served.rows().columns))
    start, end = datetime(2013, 2, 1, tzinfo=UTC), datetime(2013, 3, 1, tzinfo=UTC)
    at = np.datetime64("2013-02-01", "us") + np.arange(table.num_rows) * np.timedelta64(60, "s")
    folder.mkdir(exist_ok=True)
    pq.write_table(
        pa.table({"at": at} | dict(zip(table.schema.names, table.columns, strict=True))), folder / "a.parquet"
    )
    source = Source(open_folder(str(folder), Purpose.DATA, {}), Partitioning.FLAT, "at", ZoneInfo("UTC"))
    return Sample(plan(source, end), start, end)


def model_at(
    url: str,
    name: str,
    rows: Sample,
    *,
    features: Sequence[str] | None = None,
    client: Client | None = None,
    spec: dict[str, Any] | None = None,
    **fields: Any,
) -> EndpointModel:
    """A served model as an evaluation makes it."""
    endpoint = FromEndpoint.model_validate({"url": url, "model": name, **fields})
    own = served.models()[name].columns if name in served.models() and features is None else features
    chosen = {"features": {"include": list(own)}} if own else {}
    columns = Columns.model_validate({"timestamp": "at", "label": "label", **chosen})
    model = ModelSpec.model_validate({"serving": SERVING, **(SPECS.get(name, {}) if spec is None else spec)})
    return endpoint_model(endpoint, model, columns, rows, {}, client)
