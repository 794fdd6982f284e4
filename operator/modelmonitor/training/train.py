"""Training by the contract of `spec.retrain`: champion and rows in, a model and `result.json` out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import numpy as np

from modelmonitor.api.metric_names import Task
from modelmonitor.api.types import format_time
from modelmonitor.evaluation.limits import UNLIMITED, Limits
from modelmonitor.evaluation.models import CARD_FILE, TRAINING_FILE, ScikitLearnModel, load_model
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.evaluation.tasks import labels_of, rescored
from modelmonitor.training.card import card
from modelmonitor.training.changes import versions_of
from modelmonitor.training.contract import Format, Order, Trained, TrainingError
from modelmonitor.training.data import Collected, collect, prepared
from modelmonitor.training.describe import Result, facts_before, facts_of
from modelmonitor.training.facts import Made
from modelmonitor.training.grading import Grader
from modelmonitor.training.held_out import contract_metrics, cut, measured_on, said
from modelmonitor.training.recipe import Recipe
from modelmonitor.training.save import Output, encoded, model_files, read_back
from modelmonitor.training.search import search
from modelmonitor.training.space import candidates


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a training finds around it."""

    environ: Mapping[str, str]
    """Where the credentials of the stores are."""
    now: datetime
    """The wall clock."""
    progress: Callable[[str], None]
    """Told what is happening, a line at a time."""
    limits: Limits = UNLIMITED
    """Of memory and of disk."""
    command: str = ""
    """How it was started, for the card."""
    clock: Callable[[], float] = monotonic
    """Seconds, for the budget of a search."""


def train(order: Order, around: Surroundings) -> Trained:
    """Fit the champion's pipeline on labelled rows of [start, end), and write it to a folder of its own.

    The newest rows are held out first, to say what the new model and the champion are worth on them, and to search for
    parameters without them; then the pipeline is fitted on all rows, for the newest are those that it is needed for.

    Raises:
        EvaluationError: whatever keeps it from training, as a sentence.
    """
    if order.start >= order.end:
        raise TrainingError(
            "NothingToTrainOn",
            f"the training window has no length: it starts at {format_time(order.start)} and ends at"
            f" {format_time(order.end)}; let --train-end (MODELMONITOR_TRAIN_END) be later than --train-start",
        )
    began = around.clock()
    output = Output(open_folder(order.output_uri, Purpose.MODEL, around.environ))
    champion = load_model(order.champion_uri, around.environ)
    recipe = Recipe.of(champion, order.spec.model, order.choices.seed)
    grader = Grader.of(order.spec)
    attempt = order.attempt(champion.digest or "")
    if (before := output.finished(attempt)) is not None:
        around.progress(f"{order.output_uri} already holds the result of this very attempt")
        return before
    format_ = order.choices.format or _format_of(recipe.champion)
    # A pipeline that cannot be written in this format is known before hours of fitting, and not after them.
    encoded(recipe.champion, format_)
    drawn = candidates(order.choices, recipe, grader)
    collected = _collected(order, recipe, grader, output, attempt, around)
    earlier, later = cut(collected.sample, order.choices.held_out)
    found = (
        search(drawn, earlier, order.choices.budget, recipe, grader, around.progress, around.clock) if drawn else None
    )
    parameters = found.parameters if found else {}
    history = facts_before(order.champion_uri, around.environ)
    held_out = measured_on(recipe, grader, earlier, later, parameters)
    around.progress(said(held_out, grader.deciding))
    around.progress(f"fitting {recipe.champion.kind} on {len(collected.sample):,} rows")
    model = recipe.fit(collected.sample, parameters)
    for name, content in model_files(model, format_, collected.sample).items():
        output.write(name, content)
        around.progress(f"wrote {name}, {len(content):,} bytes")
    written = read_back(order.output_uri, around.environ, model, collected.sample)
    result = Result(
        champion=recipe.champion,
        model=written,
        names=recipe.names,
        collected=collected,
        held_out=held_out,
        search=found.facts(grader) if found else None,
        history=history,
    )
    made = Made(
        time=around.now,
        seconds=round(around.clock() - began, 1),
        command=around.command,
        seed=order.choices.seed,
        versions=versions_of(written.estimator),
    )
    facts = facts_of(order, result, made)
    output.write(TRAINING_FILE, facts.model_dump_json(by_alias=True, exclude_none=True, indent=1))
    output.write(CARD_FILE, card(facts))
    around.progress(f"wrote {CARD_FILE}, which says what it was made of, how it compares and what changed")
    trained = Trained(order.output_uri, format_time(facts.data.last), contract_metrics(facts.data.rows, held_out))
    output.finish(trained)
    return trained


def _collected(
    order: Order, recipe: Recipe, grader: Grader, output: Output, attempt: Mapping[str, object], around: Surroundings
) -> Collected:
    where = f"{format_time(order.start)} to {format_time(order.end)}"
    around.progress(f"looking for rows from {where}")
    labels = labels_of(order.spec.data.columns, order.spec.model)
    needed = (*labels.needed, *rescored(recipe.champion, order.spec.model).needed, *grader.needed)
    reading = prepared(order, needed, around.environ, around.now, around.limits)
    around.progress(f"reading {reading.source.folder.uri}: {reading.cost}")
    output.begin(attempt)
    columns = tuple(dict.fromkeys((*recipe.champion.columns, *(need.column for need in grader.needed))))
    collected = collect(reading, labels, columns, around.limits, around.progress)
    rows = len(collected.sample)
    if rows < order.choices.minimum_rows:
        raise TrainingError(
            "TooFewRows",
            f"{rows:,} rows from {where} have a label, fewer than --minimum-rows ({order.choices.minimum_rows:,});"
            " lengthen retrain.trainingWindow, or lower --minimum-rows",
        )
    found = np.unique(collected.sample.truth)
    if order.spec.model.task is not Task.REGRESSION and len(found) < 2:
        raise TrainingError(
            "OneClassOnly",
            f"all {rows:,} labelled rows from {where} are of class {recipe.names[found[0]]}, and a classifier needs"
            " two; lengthen retrain.trainingWindow, or have the other labels written",
        )
    return collected


def _format_of(champion: ScikitLearnModel) -> Format:
    return Format.SKOPS if champion.file.endswith(".skops") else Format.JOBLIB
