import pytest
from scipy.stats import t as student

from modelmonitor.evaluation.statistics.student import cumulative, quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 6, 7, 19, 27, 100, 365])
@pytest.mark.parametrize("probability", [0.5, 0.6, 0.8042, 0.95, 0.99, 0.9999])
def test_quantiles_agree_with_scipy(degrees: int, probability: float) -> None:
    assert quantile(probability, degrees) == pytest.approx(student.ppf(probability, degrees), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 7, 28])
@pytest.mark.parametrize("t", [-3.0, -0.5, 0.0, 1.0, 12.0])
def test_the_distribution_agrees_with_scipy(degrees: int, t: float) -> None:
    assert cumulative(t, degrees) == pytest.approx(student.cdf(t, degrees), abs=1e-12)


@pytest.mark.parametrize("probability", [0.49, 1.0])
def test_quantiles_that_no_level_asks_for_are_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        quantile(probability, 5)
