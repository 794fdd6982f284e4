"""What the demo's loop would do with the flights of 2013, found before it is shown on a cluster.

    python -m e2e.demo.flights.backtest [--min-f1 0.2] [--failures 1] [--training-days 60] [--budget 0.5]

prints the tables of docs/demo-backtest.md (ten seconds).
"""

import argparse
from datetime import date, timedelta

import polars as pl
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from e2e.demo.flights.data import flights, flights_of
from e2e.demo.flights.f1_by_day import Estimate, counts_by_day, f1, jackknife
from e2e.demo.flights.loop import JANUARY, Model, Settings, Step, Window, live
from e2e.demo.flights.model import FEATURES, LABEL, pipeline


def january_by_itself(frame: pl.DataFrame, level: float) -> Estimate:
    """F1 inside January, by five-fold cross-validation over whole days: all that is known before the first window."""
    rows = flights_of(frame, *JANUARY).filter(pl.col(LABEL).is_not_null())
    day = (rows["date"].rank("dense") - 1).to_numpy()
    late = rows[LABEL].to_numpy()
    called = cross_val_predict(pipeline(), rows.select(FEATURES).to_pandas(), late, groups=day, cv=GroupKFold(5))
    return jackknife(f1, counts_by_day(late, called == 1, day), level)


def loop_row(step: Step) -> str:
    """One window of the loop."""
    window, score = step.window, step.f1
    return line(
        span(window.start, window.end),
        f"{window.rows.height:,}",
        f"{window.labelled.height:,}",
        span(step.champion.first, step.champion.end),
        f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]",
        step.verdict,
        what_followed(step),
    )


def what_followed(step: Step) -> str:
    """The loop's action on one window, if any."""
    if step.trained is not None:
        return f"**trip**: a candidate is trained on {span(step.trained.first, step.trained.end)}"
    if step.comparison is None:
        return ""
    met = step.comparison
    return (
        f"compare: champion {met.champion:.3f}, candidate {met.candidate:.3f}, gain {met.gain.value:+.3f}, "
        f"at least {met.gain.low:+.3f}: **{'promoted' if met.won else 'refused'}**"
    )


def metrics_row(step: Step, january: Model) -> str:
    """One window by other metrics: January's model left alone, then the loop's champion of that window."""
    window = step.window
    share = window.labelled[LABEL].to_numpy().mean()
    return line(span(window.start, window.end), f"{share:.3f}", scores(window, january), scores(window, step.champion))


def scores(window: Window, model: Model) -> str:
    """F1, ROC AUC and log loss, as three cells."""
    late = window.labelled[LABEL].to_numpy()
    chance = model.fitted.predict_proba(window.labelled.select(FEATURES).to_pandas())[:, 1]
    f1_value = float(f1(window.counts(model).sum(axis=0)))
    return f"{f1_value:.3f} | {roc_auc_score(late, chance):.3f} | {log_loss(late, chance):.3f}"


def span(first: date, end: date) -> str:
    """The days of [first, end) as people name them, by the first and the last."""
    return f"{first:%-d %b} – {end - timedelta(days=1):%-d %b}"


def line(*cells: str) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Prints the tables, line by line as the year goes on."""
    default = Settings()
    parser = argparse.ArgumentParser(description="What the demo's loop would do with the flights of 2013.")
    parser.add_argument("--min-f1", type=float, default=default.min_f1, help="the objective")
    parser.add_argument("--failures", type=int, default=default.failures_to_trip, help="failing windows that trip")
    parser.add_argument("--training-days", type=int, default=default.training_days)
    parser.add_argument("--budget", type=float, default=default.false_alarms_per_year, help="false alarms a year")
    given = parser.parse_args()
    settings = Settings(given.min_f1, given.failures, given.training_days, given.budget)

    frame = flights()
    january = january_by_itself(frame, settings.level)
    print(f"January by itself: F1 {january.value:.3f}, standard error {january.error:.3f}")
    print(f"{settings}, level {settings.level:.4f}\n")
    print(line("window", "flights", "labelled", "champion, trained on", "F1", "verdict", "the loop"))
    print(line(*["---"] * 7))
    steps = []
    for step in live(frame, settings):
        steps.append(step)
        print(loop_row(step), flush=True)

    print()
    print(line("window", "late", "F1 alone", "ROC AUC", "log loss", "F1 in the loop", "ROC AUC", "log loss"))
    print(line(*["---"] * 8))
    for step in steps:
        print(metrics_row(step, steps[0].champion), flush=True)


if __name__ == "__main__":
    main()
