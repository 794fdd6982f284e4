"""NannyML on the engine's data: univariate drift of all columns, then classification quality, the window as one chunk.

python -m bench.peers.nannyml_run REFERENCE.parquet CURRENT.parquet
"""

import sys
import warnings

import bench.peers.silence  # noqa: F401 - before the peer is imported
from bench.peers.phases import Phases

warnings.filterwarnings("ignore")
phases = Phases()
with phases("import"):
    import nannyml as nml
    import pandas as pd


def main(reference: str, current: str) -> None:
    """Measure both calculators."""
    with phases("read"):
        before, now = (pd.read_parquet(path) for path in (reference, current))
        for frame in (before, now):
            frame["predicted"] = (frame["score"] >= 0.5).astype(int)
    features = [name for name in before.columns if name not in {"score", "label", "at", "id", "predicted"}]
    # Ten chunks of the reference, the window as ten: its thresholds need the spread between chunks.
    size = -(-len(before) // 10)
    with phases("drift"):
        drift = nml.UnivariateDriftCalculator(column_names=features, chunk_size=size)
        drifted = drift.fit(before).calculate(now)
    with phases("quality"):
        quality = nml.PerformanceCalculator(
            problem_type="classification_binary",
            y_true="label",
            y_pred="predicted",
            y_pred_proba="score",
            metrics=["f1", "roc_auc", "accuracy", "precision", "recall"],
            chunk_size=size,
        )
        found = quality.fit(before).calculate(now)
    table = found.filter(period="analysis").to_df()
    phases.print(columns=len(features), chunks=len(drifted.to_df()), f1=float(table[("f1", "value")].mean()))


if __name__ == "__main__":
    main(*sys.argv[1:])
