"""Whose predictions: only rows of the serving model's version count, and the others are told."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from modelmonitor.api.job import Contender, EvaluationInput
from modelmonitor.api.result import EvaluationResult, Look, Verdict
from modelmonitor.evaluation.errors import DataError, EvaluationError
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.versions import VersionFilter
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import FIRST, NOW, input_for, rows_of_day, write

SEVEN: Final = "s3://models/flights/7"
DIGEST: Final = "sha256:0123456789ab" + "cdef" * 13
VERSIONED: Final = {"model_version": "model"}


def of(uri: str = SEVEN) -> VersionFilter:
    return VersionFilter("model", uri, lambda: DIGEST)


def chosen(versions: VersionFilter, values: pa.Array) -> list[bool]:
    found: list[bool] = versions.own(pa.record_batch({"model": values}), "file.parquet").to_pylist()
    return found


@pytest.mark.parametrize(
    ("uri", "version", "own"),
    [
        pytest.param(SEVEN, "7", True, id="the last part of the URI"),
        pytest.param("s3://models/flights/7/", "7", True, id="which may end with a slash"),
        pytest.param("s3://models/flights/7//", "7", True, id="or several"),
        pytest.param(SEVEN, 7, True, id="as a whole number"),
        pytest.param(SEVEN, 7.0, True, id="as what pandas makes of it where some are missing"),
        pytest.param(SEVEN, Decimal("7.00"), True, id="as a decimal"),
        pytest.param(SEVEN, b"7", True, id="as bytes"),
        pytest.param(SEVEN, "flights/7", True, id="more of the URI's end"),
        pytest.param(SEVEN, "models/flights/7", True, id="all of its path"),
        pytest.param(SEVEN, SEVEN, True, id="the URI"),
        pytest.param("s3://models/flights/7/", SEVEN, True, id="the URI without its slash"),
        pytest.param(SEVEN, "ghts/7", False, id="a piece of a part"),
        pytest.param(SEVEN, "flights", False, id="another part"),
        pytest.param(SEVEN, "v7", False, id="letter by letter"),
        pytest.param(SEVEN, "07", False, id="a text is no number"),
        pytest.param(SEVEN, "7.0", False, id="and a text with a fraction is none either"),
        pytest.param(SEVEN, 7.5, False, id="a fraction"),
        pytest.param(SEVEN, "77", False, id="a longer one"),
        pytest.param(SEVEN, "", False, id="an empty text"),
        pytest.param("s3://models/flights/1.0", 1.0, True, id="a folder that is named with a fraction"),
        pytest.param("s3://models/flights/1.0", "1", False, id="a folder that is named with a fraction, as text"),
        pytest.param("/models/Ünï", "Ünï", True, id="any letters"),
        pytest.param("file:///models/7", "7", True, id="a file"),
        pytest.param(SEVEN, DIGEST, True, id="the digest"),
        pytest.param(SEVEN, DIGEST.removeprefix("sha256:"), True, id="its digits"),
        pytest.param(SEVEN, "0123456789ab", True, id="its first twelve digits"),
        pytest.param(SEVEN, "sha256:0123456789AB", True, id="in capitals, with its name"),
        pytest.param(SEVEN, "0123456789a", False, id="eleven digits"),
        pytest.param(SEVEN, "0123456789ac", False, id="another digest"),
        pytest.param(SEVEN, DIGEST + "0", False, id="longer than a digest"),
    ],
)
def test_a_version_is_the_serving_models(uri: str, version: object, own: bool) -> None:
    assert chosen(of(uri), pa.array([version])) == [own]
    assert chosen(of(uri), pa.array([version, version]).dictionary_encode()) == [own, own]


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param(pa.array([None, None]), id="a column of nothing"),
        pytest.param(pa.array([None, None], pa.string()), id="null"),
        pytest.param(pa.array([float("nan"), None]), id="NaN"),
        pytest.param(pa.array(["", ""]), id="empty"),
    ],
)
def test_a_row_without_a_version_is_nobodys(missing: pa.Array) -> None:
    versions = of()
    assert chosen(versions, missing) == [False, False]
    assert str(versions) == "no version (2 rows)"


@pytest.mark.parametrize("kind", [pa.bool_(), pa.timestamp("us"), pa.list_(pa.string())], ids=str)
def test_a_column_that_is_no_version_is_told_with_its_type(kind: pa.DataType) -> None:
    with pytest.raises(DataError, match=r'data\.columns\.modelVersion: column "model" of file\.parquet is') as caught:
        chosen(of(), pa.nulls(1, kind))
    assert caught.value.reason == "ModelVersionUnreadable"


def test_what_is_left_out_is_counted_by_version_the_most_frequent_first() -> None:
    versions = of()
    chosen(versions, pa.array(["6", "5", None, "6", "7"]))
    chosen(versions, pa.array([6, 7, None]))
    assert (versions.rows, str(versions)) == (6, '"6" (3 rows), no version (2 rows), "5" (1 rows)')


def test_a_column_with_another_value_in_each_row_is_told_in_one_line() -> None:
    versions = of()
    chosen(versions, pa.array([f"{number:08}" + "x" * 60 for number in range(5000)]))
    assert versions.rows == 5000
    assert str(versions).endswith(", others (4,995 rows)")
    assert len(versions.why_empty()) < 700
    assert len(versions.document()["byVersion"]) == 1000


def test_the_models_files_are_read_once_and_only_when_a_version_may_be_a_digest() -> None:
    asked: list[int] = []

    def digest() -> str:
        asked.append(1)
        return DIGEST

    versions = VersionFilter("model", SEVEN, digest)
    chosen(versions, pa.array(["6", "7", "2013-02-01"]))
    assert not asked
    chosen(versions, pa.array(["aaaaaaaaaaaa", "bbbbbbbbbbbb", DIGEST]))
    assert len(asked) == 1


# The whole look.


def run(given: EvaluationInput, told: list[str] | None = None) -> EvaluationResult:
    return evaluate(given, environ={}, now=NOW, progress=(told if told is not None else []).append)


def write_versions(folder: Path, versions: list[Any], days: int = 8, rows: int = 60) -> None:
    """Days of rows whose versions go round."""
    for number in range(days):
        day = FIRST + timedelta(days=number)
        said = [versions[(number + row) % len(versions)] for row in range(rows)]
        write(folder, day, rows_of_day(day, rows) | {"model": said})


def test_only_rows_of_the_serving_version_are_judged_and_the_others_are_told(tmp_path: Path) -> None:
    write_versions(tmp_path, ["7", "6", "7"])
    told: list[str] = []
    result = run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN), told)
    assert (result.verdict, result.rows, result.left_out) == (Verdict.PASS, 280, 140)
    assert '140 rows of other versions are left out: "6" (140 rows)' in result.message
    assert any("140 rows of other versions left out" in line for line in told)


def test_a_version_counts_from_its_first_row_on_whenever_it_began_to_serve(tmp_path: Path) -> None:
    write_versions(tmp_path, ["7"])
    since = datetime(2013, 2, 8, 5, tzinfo=UTC)
    assert run(input_for(tmp_path, champion=SEVEN, since=since)).rows < 420
    assert run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN, since=since)).rows == 420


def test_a_window_of_other_versions_says_nothing_about_the_model(tmp_path: Path) -> None:
    write_versions(tmp_path, ["5", "6", None])
    result = run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN))
    assert (result.look, result.verdict, result.reason) == (
        Look.JUDGED,
        Verdict.INSUFFICIENT,
        "PredictionsOfAnotherModel",
    )
    assert (result.rows, result.left_out) == (0, 420)
    for part in ('"7"', SEVEN, '"5" (140 rows)', '"6" (140 rows)', "no version (140 rows)"):
        assert part in result.message


def test_a_window_without_rows_is_without_data_whatever_the_versions(tmp_path: Path) -> None:
    write_versions(tmp_path, ["5"], days=9)
    result = run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN, windows={"origin": "2013-01-07"}))
    assert (result.verdict, result.reason, result.left_out) == (Verdict.NO_DATA, "NoData", 0)


def test_labels_are_waited_for_only_of_the_rows_that_count(tmp_path: Path) -> None:
    for number in range(8):
        day = FIRST + timedelta(days=number)
        rows = rows_of_day(day)
        own = np.arange(60) % 2 == 0
        label = [one if mine else None for one, mine in zip(rows["label"], own, strict=True)]
        write(tmp_path, day, rows | {"label": label, "model": np.where(own, "7", "6")})
    assert run(input_for(tmp_path, champion=SEVEN)).reason == "LabelsMissing"
    result = run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN))
    assert (result.verdict, result.coverage) == (Verdict.PASS, 1.0)


def test_a_version_may_be_another_type_in_another_file(tmp_path: Path) -> None:
    for number, version in enumerate([7, 7.0, "7", 7, "7", 7.0, 7, 7]):
        day = FIRST + timedelta(days=number)
        write(tmp_path, day, rows_of_day(day) | {"model": [version] * 59 + [None]})
    result = run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN))
    assert (result.rows, result.left_out) == (7 * 59, 7)


def test_a_version_may_be_a_segment_and_a_feature_too(tmp_path: Path) -> None:
    write_versions(tmp_path, ["7", "7", "7", "6"], days=22)
    result = run(
        input_for(
            tmp_path,
            index=2,
            columns=VERSIONED | {"features": {"include": ["x", "model"]}},
            champion=SEVEN,
            reference={"window": {"start": str(FIRST), "end": str(FIRST + timedelta(days=14))}},
            metrics=[{"name": "f1", "min": 0.2, "segments": ["model"]}],
            drift={"features": {"method": "tv", "max": 0.1}},
        )
    )
    assert result.rows == 315
    assert {metric.name: metric.rows > 0 for metric in result.metrics} == {
        "f1": True,
        "f1{model=7}": True,
        "f1{model=6}": False,
    }
    assert result.drift is not None
    assert next(score.value for score in result.drift.scores if score.name == "model") == pytest.approx(0.25, abs=0.01)


def test_the_version_is_no_feature_by_itself(tmp_path: Path) -> None:
    write_versions(tmp_path, ["7"], days=22)
    reference = {"window": {"start": str(FIRST), "end": str(FIRST + timedelta(days=14))}}
    drift = {"features": {"method": "psi", "max": 0.2}}
    given = input_for(tmp_path, index=2, columns=VERSIONED, champion=SEVEN, reference=reference, drift=drift)
    result = run(given)
    assert result.drift is not None
    assert {score.name for score in result.drift.scores} == {"x", "y", "said"}


def test_a_file_without_the_column_is_named(tmp_path: Path) -> None:
    write_versions(tmp_path, ["7"])
    day = FIRST + timedelta(days=3)
    write(tmp_path, day, rows_of_day(day))
    with pytest.raises(
        DataError, match=rf'data\.columns\.modelVersion: column "model" is not in .*date={day}'
    ) as caught:
        run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN))
    assert caught.value.reason == "ColumnMissing"


def test_a_digest_is_that_of_the_models_files(tmp_path: Path) -> None:
    uri = models.good(tmp_path / "model")
    digest = ModelFiles(uri, {}).digest()
    write_versions(tmp_path / "data", [digest, "sha256:" + "0" * 64, digest[:19]])
    result = run(input_for(tmp_path / "data", columns=VERSIONED, champion=uri))
    assert (result.rows, result.left_out) == (280, 140)


def test_digests_of_a_model_that_cannot_be_read_are_an_error_and_no_verdict(tmp_path: Path) -> None:
    write_versions(tmp_path / "data", ["sha256:" + "0" * 64])
    with pytest.raises(EvaluationError, match="there is no file of a model in"):
        run(input_for(tmp_path / "data", columns=VERSIONED, champion=str(tmp_path / "gone")))


def test_what_looks_like_a_digest_beside_rows_that_are_known_by_the_uri_is_no_error(tmp_path: Path) -> None:
    write_versions(tmp_path / "data", ["0123456789ab", "gone"])
    told: list[str] = []
    result = run(input_for(tmp_path / "data", columns=VERSIONED, champion=str(tmp_path / "gone")), told)
    assert (result.rows, result.left_out) == (210, 210)
    assert any("there is no file of a model" in line for line in told)


def test_a_comparison_scores_all_rows_whoever_predicted_them(tmp_path: Path) -> None:
    write_versions(tmp_path / "data", ["6"])
    champion, candidate = models.blind(tmp_path / "7"), models.good(tmp_path / "8")
    given = input_for(tmp_path / "data", columns=VERSIONED, champion=champion, contender=Contender(uri=candidate))
    result = run(given)
    assert result.comparison is not None
    assert (result.comparison.rows, result.left_out) == (420, None)


def test_a_look_at_features_alone_asks_for_no_version(tmp_path: Path) -> None:
    write_versions(tmp_path, ["6"], days=22)
    reference = {"window": {"start": str(FIRST), "end": str(FIRST + timedelta(days=14))}}
    looks: dict[str, Any] = {
        "index": 2,
        "columns": VERSIONED,
        "champion": SEVEN,
        "reference": reference,
        "stage": "Data",
    }
    alone = input_for(tmp_path, **looks, drift={"features": {"method": "psi", "max": 0.2}})
    assert run(alone.model_copy(update={"metrics": ()})).rows == 420
    with_predictions = input_for(tmp_path, **looks, drift={"prediction": {"method": "psi", "max": 0.2}})
    result = run(with_predictions.model_copy(update={"metrics": ()}))
    assert (result.verdict, result.reason) == (Verdict.INSUFFICIENT, "PredictionsOfAnotherModel")


# What footers say need not be read.


def damaged(path: Path, groups: list[int]) -> None:
    """Overwrite the rows of some row groups: whoever reads them falls over."""
    metadata = pq.read_metadata(path)
    content = bytearray(path.read_bytes())
    for number in groups:
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(number).column(column)
            start = min(offset for offset in (chunk.dictionary_page_offset, chunk.data_page_offset) if offset)
            content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)


@pytest.mark.parametrize("version", ["6", 6], ids=["text", "number"])
def test_row_groups_of_another_version_are_counted_and_not_read(tmp_path: Path, version: Any) -> None:
    path = tmp_path / "all.parquet"
    days = [rows_of_day(FIRST + timedelta(days=number)) for number in range(8)]
    own = type(version)(7)
    said = [own if number % 2 else version for number in range(8)]
    table = pa.concat_tables(pa.table(rows | {"model": [one] * 60}) for rows, one in zip(days, said, strict=True))
    pq.write_table(table, path, row_group_size=60)
    asked = input_for(tmp_path, columns=VERSIONED, champion=SEVEN, partitioning="Flat")
    whole = run(asked)
    damaged(path, [0, 2, 4, 6])
    result = run(asked)
    assert (result.rows, result.left_out) == (180, 240)
    assert result.metrics == whole.metrics
    damaged(path, [1])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        run(asked)


def test_a_row_group_across_the_windows_edge_is_counted_row_by_row(tmp_path: Path) -> None:
    days = [rows_of_day(FIRST + timedelta(days=number)) for number in range(-1, 8)]
    table = pa.concat_tables(pa.table(rows | {"model": ["6"] * 60}) for rows in days)
    pq.write_table(table, tmp_path / "all.parquet", row_group_size=100)
    result = run(input_for(tmp_path, columns=VERSIONED, champion=SEVEN, partitioning="Flat"))
    assert (result.rows, result.left_out) == (0, 420)


# Whatever the order of versions, files, row groups and types: as if the others had never been there.

TWO: Final = {"window": {"start": str(FIRST - timedelta(days=14)), "end": str(FIRST)}}
WRITTEN: Final = st.sampled_from(["7", "7", "flights/7", "6", "5", None])


@given(
    said=st.lists(WRITTEN, min_size=210, max_size=210),
    group=st.integers(3, 50),
    files=st.integers(1, 3),
    coded=st.booleans(),
    apart=st.booleans(),
)
# Each example writes a hundred files: a failing one is told as it is.
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_shuffled_versions_give_the_numbers_of_the_files_filtered_beforehand(
    tmp_path_factory: pytest.TempPathFactory, said: list[str | None], group: int, files: int, coded: bool, apart: bool
) -> None:
    mixed, filtered = tmp_path_factory.mktemp("mixed"), tmp_path_factory.mktemp("filtered")
    for number in range(-14, 8):
        day = FIRST + timedelta(days=number)
        rows = pa.table(rows_of_day(day, 30) | {"key": np.arange(30) + 100 * (number + 14)})
        if apart:
            write(mixed / "labels", day, rows.select(["key", "label"]).to_pydict())
            rows = rows.drop_columns(["label"])
        # Outside the window it does not matter who predicted: the reference is all rows, and so is what closes it.
        its = said[number * 30 :][:30] if 0 <= number < 7 else ["7"] * 30
        own = pa.array([one in {"7", "flights/7"} for one in its])
        version = pa.array(its, pa.string())
        named = rows.append_column("model", version.dictionary_encode() if coded else version)
        for part in range(files):
            folder = f"rows/date={day}"
            cut = slice(part * 30 // files, (part + 1) * 30 // files)
            mine = own.to_pylist()[cut]
            for where, table in ((mixed, named[cut]), (filtered, rows[cut].filter(pa.array(mine)))):
                (where / folder).mkdir(parents=True, exist_ok=True)
                pq.write_table(table, where / folder / f"{part}.parquet", row_group_size=group)
    labels = {"files": {"uri": str(mixed / "labels"), "partitioning": "Hive"}, "join": ["key"]} if apart else {}
    asked: dict[str, Any] = {
        "champion": SEVEN,
        "reference": TWO,
        "labels": labels | {"minimumCoverage": 0},
        "metrics": [{"name": "f1", "min": 0.2, "minimumRows": 1}, {"name": "roc_auc", "min": 0.5, "severity": "Warn"}],
        "drift": {"features": {"method": "psi", "max": 0.2}, "prediction": {"method": "js", "max": 0.1}},
        "quality": {"missing": {"max": 0.1}, "changedSchema": "Ignore"},
    }
    one = run(input_for(mixed / "rows", columns=VERSIONED, **asked))
    other = run(input_for(filtered / "rows", **asked))
    own_rows = sum(version in {"7", "flights/7"} for version in said)
    assert (one.rows, one.left_out) == (own_rows, 210 - own_rows)
    if own_rows:
        differing = {"seconds", "left_out", "message"}
        assert one.model_dump(exclude=differing) == other.model_dump(exclude=differing)
