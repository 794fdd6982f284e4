"""Student's t distribution with whole degrees of freedom.

Its own few lines, because importing SciPy takes longer than a whole evaluation.
"""

import math


def cumulative(t: float, degrees: int) -> float:
    """P(T <= t): the finite series of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(degrees))
    cosine = math.cos(angle)
    if degrees % 2:
        term = total = cosine if degrees > 1 else 0.0
        for k in range(2, degrees - 1, 2):
            term *= cosine * cosine * k / (k + 1)
            total += term
        inside = 2 / math.pi * (angle + math.sin(angle) * total)
    else:
        term = total = 1.0
        for k in range(1, degrees - 1, 2):
            term *= cosine * cosine * k / (k + 1)
            total += term
        inside = math.sin(angle) * total
    return (1 + inside) / 2


def quantile(probability: float, degrees: int) -> float:
    """The t with P(T <= t) = probability, for probabilities from 0.5 to below 1, by bisection."""
    if not 0.5 <= probability < 1:
        raise ValueError(f"a quantile is asked for at {probability}, not in [0.5, 1)")
    high = 1.0
    while cumulative(high, degrees) < probability:
        high *= 2
    low = 0.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if cumulative(middle, degrees) < probability else (low, middle)
    return (low + high) / 2
