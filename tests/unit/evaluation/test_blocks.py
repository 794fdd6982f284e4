from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.blocks import Blocks
from modelmonitor.evaluation.times import microseconds
from tests.unit.evaluation.worlds import NEW_YORK


def test_a_block_is_a_civil_day_also_when_clocks_change() -> None:
    start, end = midnight(date(2013, 3, 4), NEW_YORK), midnight(date(2013, 3, 18), NEW_YORK)
    blocks = Blocks.of(start, end, NEW_YORK)
    assert blocks.by_day
    assert blocks.starts == tuple(midnight(date(2013, 3, day), NEW_YORK) for day in range(4, 18))


def test_a_window_under_five_days_is_cut_in_twenty_and_says_so() -> None:
    start = datetime(2013, 3, 4, tzinfo=UTC)
    blocks = Blocks.of(start, start + timedelta(days=1), NEW_YORK)
    assert (len(blocks), blocks.by_day) == (20, False)
    assert blocks.starts[1] - blocks.starts[0] == timedelta(minutes=72)


def test_a_window_that_begins_within_a_day_has_a_short_first_block() -> None:
    start = datetime(2013, 3, 4, 17, tzinfo=UTC)
    blocks = Blocks.of(start, start + timedelta(days=6), NEW_YORK)
    assert blocks.starts[:2] == (start, midnight(date(2013, 3, 5), NEW_YORK))
    assert len(blocks) == 7


@pytest.mark.parametrize(
    ("moment", "block"),
    [
        pytest.param(datetime(2013, 3, 10, 5, tzinfo=UTC), 6, id="the first instant of the short day"),
        pytest.param(datetime(2013, 3, 11, 3, 59, tzinfo=UTC), 6, id="its last minute, 23 hours later"),
        pytest.param(datetime(2013, 3, 11, 4, tzinfo=UTC), 7, id="the next day"),
    ],
)
def test_rows_belong_to_the_block_of_their_civil_day(moment: datetime, block: int) -> None:
    blocks = Blocks.of(midnight(date(2013, 3, 4), NEW_YORK), midnight(date(2013, 3, 18), NEW_YORK), NEW_YORK)
    assert blocks.index(np.asarray([microseconds(moment)])).tolist() == [block]
