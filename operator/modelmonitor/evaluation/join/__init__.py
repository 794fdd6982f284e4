"""Labels that arrive apart from the rows, joined with them by key in bounded memory.

    rows of the window ─┐
                        ├─ keys (128 bits each) ─ partitions by key ─ per partition: table of labels, rows with labels
    files of labels ────┘

Only the labels of one partition are held at a time, and the rows stream past them. When all labels fit there is one
partition and the disk is not touched. Else both sides are split by key into files on the Job's ephemeral disk.
"""

from modelmonitor.evaluation.join.join import Findings, Join
from modelmonitor.evaluation.join.labels import LabelSource, label_source

__all__ = ["Findings", "Join", "LabelSource", "label_source"]
