"""Drift: how far a window's columns have moved away from the reference, and how much of that is chance.

distances  PSI, Jensen-Shannon, Hellinger, total variation, Kolmogorov-Smirnov, Wasserstein, chi-square
chance     what chance gives, knowing that rows of one day are alike: expected distances and p-values
columns    one column
judge      all of them, against the limits of the spec
estimate   performance without labels, from calibrated scores
"""
