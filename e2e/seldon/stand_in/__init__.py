"""Stand-in for the operator of Seldon Core 1.17.1: it does what the real one was seen to do, no more.

The real operator is on no package registry. What it was seen to do is in the recordings under tests/data/seldon/,
and tests/unit/e2e_seldon/ replays them against `reconcile`, the pure heart of this package.
"""
