"""Misses above nominal as a picture: `python -m bench.trust.picture FOUND.json OUT.svg`, in the environment `pictures`.

Reads `[{"stream": …, "length": …, "points": [[metric, end, points above nominal], …]}, …]`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

_COLOURS = {28: "#2a6f97", 7: "#d1603d"}


def main() -> None:
    """Draw every bound of every metric as a dot; the goal is the line at one point."""
    found: list[dict[str, Any]] = json.loads(Path(sys.argv[1]).read_text())
    mpl.rcParams.update({"svg.hashsalt": "trust", "font.family": "sans-serif", "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    streams = list(dict.fromkeys(one["stream"] for one in found))
    for one in found:
        place = streams.index(one["stream"]) + (-0.12 if one["length"] == 28 else 0.12)
        points = [points for _, _, points in one["points"]]
        label = f"windows of {one['length']} days" if one["stream"] == streams[0] else None
        axes.scatter([place] * len(points), points, s=18, alpha=0.6, color=_COLOURS[one["length"]], label=label)
    axes.axhline(1, color="#444444", linewidth=1, linestyle="--")
    axes.annotate("goal: at most one point", (0.3, 1), va="bottom", fontsize=8, color="#444444")
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.set_xticks(range(len(streams)), streams, fontsize=8)
    axes.set_ylabel("misses above nominal, points")
    axes.legend(frameon=False, fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(sys.argv[2], metadata={"Date": None})


if __name__ == "__main__":
    main()
