"""Evidently on the engine's data: drift of all columns, then classification quality, each as its own report.

    python -m bench.peers.evidently_run REFERENCE.parquet CURRENT.parquet

Its presets at their defaults, without rendering HTML.
"""

import sys
import warnings

import bench.peers.silence  # noqa: F401 - before the peer is imported
from bench.peers.phases import Phases

warnings.filterwarnings("ignore")
phases = Phases()
with phases("import"):
    import pandas as pd
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.presets import ClassificationPreset, DataDriftPreset


def main(reference: str, current: str) -> None:
    """Measure both reports."""
    with phases("read"):
        frames = [pd.read_parquet(path) for path in (reference, current)]
        for frame in frames:
            frame["predicted"] = (frame["score"] >= 0.5).astype(int)
    features = [name for name in frames[0].columns if name not in {"score", "label", "at", "id", "predicted"}]
    numeric = [name for name in features if pd.api.types.is_numeric_dtype(frames[0][name])]
    drift = DataDefinition(numerical_columns=numeric, categorical_columns=[c for c in features if c not in numeric])
    quality = DataDefinition(
        classification=[
            BinaryClassification(target="label", prediction_labels="predicted", prediction_probas="score", pos_label=1)
        ],
        categorical_columns=["label", "predicted"],
        numerical_columns=["score"],
    )
    with phases("drift"):
        sets = [Dataset.from_pandas(frame[features], data_definition=drift) for frame in frames]
        drifted = Report([DataDriftPreset()]).run(sets[1], sets[0]).dict()
    with phases("quality"):
        kept = ["label", "predicted", "score"]
        sets = [Dataset.from_pandas(frame[kept], data_definition=quality) for frame in frames]
        found = Report([ClassificationPreset()]).run(sets[1], sets[0]).dict()
    values = {metric["metric_name"].split("(")[0]: metric["value"] for metric in found["metrics"]}
    phases.print(columns=len(features), drift=drifted["metrics"][0]["value"], f1=values.get("F1Score"))


if __name__ == "__main__":
    main(*sys.argv[1:])
