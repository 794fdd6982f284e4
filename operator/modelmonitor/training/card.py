"""The model card: what the model was made of, how it compares, what changed, in Markdown for people."""

from collections.abc import Iterable, Mapping, Sequence

from modelmonitor.api.types import format_time
from modelmonitor.training.facts import DataFacts, HeldOutFacts, Made, Measured, SearchFacts, TrainingFacts

Row = Sequence[str]


def card(facts: TrainingFacts) -> str:
    """The card of a training."""
    parts = [
        [f"# {facts.monitor or 'A model'}, trained through {format_time(facts.data.last)}", "", *_first(facts)],
        ["## Data", "", *_data(facts.data)],
        ["## On the newest rows", "", *_held_out(facts.held_out)],
        ["## What changed against the champion", "", *_changes(facts)],
        *([["## Search of parameters", "", *_search(facts.search)]] if facts.search else []),
        ["## Estimator", "", f"{_code(facts.model.kind)} with these parameters:", "", *_pairs(facts.parameters)],
        ["## How it was made", "", *_made(facts.made)],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _first(facts: TrainingFacts) -> Iterable[str]:
    champion, model = facts.champion, facts.model
    yield "The serving model's own pipeline, fitted again on newer rows."
    yield ""
    window = " to ".join(format_time(moment) for moment in facts.window or ())
    yield from _table(
        ("", ""),
        [
            ("Model", _code(model.uri)),
            ("Digest", _code(model.digest or "not known")),
            ("Trained because", _cell(facts.reason) or "somebody ran the trainer"),
            *([("Window", window)] if window else []),
            ("Champion", f"{_code(champion.uri)}, {_cell(champion.kind)}"),
            ("Champion's digest", _code(champion.digest or "not known")),
        ],
    )


def _data(data: DataFacts) -> Iterable[str]:
    rows = [
        (
            "Rows",
            f"{data.rows:,} with a label" + (f"; left out: {data.unlabelled:,} without" * bool(data.unlabelled)),
        ),
        ("From", _code(data.uri)),
        *([("Labels from", _code(data.labels_uri))] if data.labels_uri else []),
        ("Events", f"{format_time(data.first)} to {format_time(data.last)}"),
        ("Asked for", f"from {format_time(data.start)}, before {format_time(data.end)}"),
        ("Label", _code(data.label)),
        *_labels(data),
    ]
    yield from _table(("", ""), rows)
    yield ""
    columns = [(_code(one.name), one.type, f"{one.missing:.1%}") for one in data.columns]
    yield from _table(("column", "type", "missing"), columns)


def _labels(data: DataFacts) -> Iterable[Row]:
    if data.values is not None:
        value = data.values
        spread = f"mean {_number(value.mean)}, standard deviation {_number(value.deviation)}"
        yield ("Values", f"{spread}, from {_number(value.low)} to {_number(value.high)}")
    if data.positive is not None:
        share = data.classes.get(data.positive, 0) / data.rows
        yield ("Positive share", f"{share:.2%} ({_code(data.positive)})")
    elif data.classes:
        yield ("Classes", ", ".join(f"{_code(text)} {count / data.rows:.2%}" for text, count in data.classes.items()))


def _held_out(held_out: HeldOutFacts) -> Iterable[str]:
    if held_out.start is not None and held_out.end is not None:
        yield (
            f"Both models on the {held_out.rows:,} newest rows, {format_time(held_out.start)} to"
            f" {format_time(held_out.end)}. The new model was fitted on the rows before them for this, and on all rows"
            " afterwards. These are the training job's own numbers, without intervals: whether the model is better is"
            " decided by the operator's comparison, on rows that neither was trained on."
        )
        yield ""
    if held_out.measured:
        yield from _table(("metric", "champion", "new", ""), [_measured(one) for one in held_out.measured])
    else:
        yield "Nothing was measured."
    for remark in held_out.remarks:
        yield ""
        yield f"- {' '.join(remark.split())}"


def _measured(one: Measured) -> Row:
    values = tuple("—" if value is None else _number(value) for value in (one.champion, one.new))
    if one.champion is None or one.new is None or one.champion == one.new:
        return (one.name, *values, "")
    better = (one.new > one.champion) == one.greater_is_better
    return (one.name, *values, "better" if better else "worse")


def _changes(facts: TrainingFacts) -> Iterable[str]:
    rows = [(_cell(one.what), _cell(one.before) or "—", _cell(one.after) or "—") for one in facts.changes]
    yield from _table(("", "champion", "new"), rows)


def _search(search: SearchFacts) -> Iterable[str]:
    yield (
        f"{search.tried} of {search.drawn} sets of parameters were fitted and measured on {search.folds} folds by time"
        f" in {search.seconds:.0f} s" + (", when the budget of time was used up." if search.stopped else ".")
    )
    yield ""
    own, best = ("not measured" if value is None else _number(value) for value in (search.own, search.best))
    if search.parameters:
        yield f"The best ones have a mean {search.metric} of {best}, the champion's own {own}:"
        yield ""
        yield from _pairs(search.parameters)
    else:
        yield f"None was better than the champion's own, of which the mean {search.metric} is {own}."
    for parameters, why in search.trouble.items():
        yield ""
        yield f"- Not measured: {_code(parameters)}: {_cell(why)}"


def _made(made: Made) -> Iterable[str]:
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    yield from _table(
        ("", ""),
        [
            ("When", f"{format_time(made.time.replace(microsecond=0))}, in {made.seconds:.1f} s"),
            ("Command", _code(made.command)),
            ("Seed", str(made.seed)),
            ("Versions", versions),
        ],
    )


def _pairs(parameters: Mapping[str, str]) -> Iterable[str]:
    return _table(("parameter", "value"), [(_code(name), _code(value)) for name, value in parameters.items()])


def _table(header: Row, rows: Iterable[Row]) -> Iterable[str]:
    yield _line(header)
    yield _line(["---"] * len(header))
    yield from (_line(row) for row in rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    """As code; a backtick would end it."""
    return f"`{_cell(text).replace('`', '´')}`"


def _number(value: float) -> str:
    return f"{value:.4g}"
