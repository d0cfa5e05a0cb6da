"""Dates: notations are decided per column, and every printed date is read back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.errors import InputError
from abcxyz.tables.values.days import day_form, parse_days

THE_15TH = date(2025, 1, 15)


def read(*cells: object) -> list[date]:
    """Read a column whose cells are all dates."""
    days, unreadable = parse_days(cells, day_form(cells))
    assert not unreadable.any(), [cell for cell, bad in zip(cells, unreadable, strict=True) if bad]
    listed: list[date] = days.tolist()
    return listed


@pytest.mark.parametrize(
    "cell",
    [
        *("2025-01-15", "2025/01/15", "2025.1.15", "20250115", "2025-01-15T10:15:00.5+03:00"),
        *("2025-01-15 10:15", "2025-01-15T23:59:59Z", "20250115T101500", "15.01.2025 0:00:00"),
        *("15.01.2025 г.", "15.01.2025г", "15.01.25", "15/1/2025", "1/15/2025 10:15 PM"),
        *("15-01-2025", "15 01 2025", "15 Jan 2025", "Jan 15, 2025", "15-Jan-25", "15-янв-2025"),
        *("15 января 2025 г.", "15 января 2025 года", "January 15th, 2025", "2025-Jan-15"),
        *("среда, 15 января 2025 г.", "Wed, 15 Jan 2025 10:15:00 GMT", "Wed Jan 15 10:15:00 2025"),
        *("Wed Jan 15 10:15:00 MSK 2025", "10:15 15.01.2025", "15.01.2025, 10:15", "15012025"),
        *("45672", "45672.4270833", "1736899200", "1736899200000", 45672, 45672.5, 1736899200.0),
        *(20250115, THE_15TH, np.datetime64("2025-01-15T10"), pd.Timestamp("2025-01-15 10:00")),
        *("«15» января 2025 г.", '"15" января 2025 года', "“15” января 2025", "'15.01.2025"),
        *('="15.01.2025"', "\u00a015.01.2025\u200b", datetime(2025, 1, 15, 10, tzinfo=UTC)),
    ],
)
def test_notations(cell: object) -> None:
    """A date is read in the notations of spreadsheets, databases and people."""
    assert [THE_15TH] == read(cell)


def test_days_of_the_week_before_a_time() -> None:
    """The day of the week is whole, also where it begins as the mark before a time does."""
    cells = [f"{THE_15TH + timedelta(days=i):%a, %d %b %Y} 10:15:00 GMT" for i in range(7)]
    assert [THE_15TH + timedelta(days=i) for i in range(7)] == read(*cells)


def test_the_mark_of_a_year_alone() -> None:
    """A cell that holds no more than the mark of a year is unreadable."""
    _, unreadable = parse_days(["г.", "year", "2025-01-15"], day_form(["г.", "2025-01-15"]))
    assert unreadable.tolist() == [True, True, False]


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "Январь 2025 г.",
            "Январь'25",
            "январь 2025",
            "Jan 2025",
            "Jan-25",
            "янв.25",
            "янв. 2025",
            "2025-01",
        ),
        *("01.2025", "1/2025", "202501", 202501, "2025 January", "Января 2025"),
    ],
)
def test_months(cell: object) -> None:
    """A cell that names a month is its first day."""
    assert [date(2025, 1, 1)] == read(cell)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["03/04/2026", "25/06/2026"], date(2026, 4, 3)),
        (["03/04/2026", "06/25/2026"], date(2026, 3, 4)),
        (["03.04.2026", "06.25.2026"], date(2026, 3, 4)),
        (["03.04.2026"], date(2026, 4, 3)),
        (["25-04-03", "25-04-16", "25-05-11", "25-06-07"], date(2025, 4, 3)),
        (["03-04-25", "16-04-25", "31-05-25", "07-05-25"], date(2025, 4, 3)),
        (["2025-04-03", "2025-16-04"], date(2025, 3, 4)),
        (["2025-04-03", "2025-04-16"], date(2025, 4, 3)),
        (["04/03/2025", "16.05.2025"], date(2025, 3, 4)),
        (["03/03/2025"], date(2025, 3, 3)),
        ([f"25-01-{day:02}" for day in range(1, 13)], date(2025, 1, 1)),
    ],
)
def test_order_of_day_and_month(cells: list[str], expected: date) -> None:
    """A number over 12 decides the order for all dates of the column."""
    assert expected == read(*cells)[0]


@pytest.mark.parametrize(
    "cells",
    [
        ["03/04/2026", "05/06/2026"],
        ["03-04-05"],
        ["13/04/2026", "04/13/2026"],
        ["13.04.2026", "04.13.2026"],
        [
            *(f"01.{month:02}.20{year}" for month in range(1, 13) for year in (24, 25)),
            "01.13.2025",
        ],
    ],
)
def test_an_open_order_is_a_question(cells: list[str]) -> None:
    """What stays open, or contradicts itself, is refused with the cure."""
    with pytest.raises(InputError, match="the date format"):
        day_form(cells)


def test_one_odd_date_among_many() -> None:
    """A single impossible date does not turn the order of the others."""
    cells = [f"{day}.{month:02}.2025" for day in range(13, 28) for month in (1, 2)]
    days, unreadable = parse_days([*cells, "01.13.2025"], day_form([*cells, "01.13.2025"]))

    assert days[0].item() == date(2025, 1, 13)
    assert unreadable.tolist() == [False] * 30 + [True]


@pytest.mark.parametrize(
    "cell",
    [
        *("31.02.2025", "soon", "5 мая", "Jan 5", "15 Jan", "2025", 2025, "Q1 2025", "13.13.2025"),
        *("1 квартал 2025", "1.5", "99999999", "Итого", True),
    ],
)
def test_what_is_no_date(cell: object) -> None:
    """A cell that is no day and no month is unreadable."""
    days, unreadable = parse_days([cell], day_form([cell]))

    assert np.isnat(days[0])
    assert unreadable[0]


@pytest.mark.parametrize(
    "cell",
    [
        "",
        None,
        "NULL",
        "0001-01-01",
        "01.01.0001 0:00:00",
        "0000-00-00",
        "  .  .    ",
        "-",
        pd.NaT,
    ],
)
def test_missing_dates(cell: object) -> None:
    """The empty date of 1C and of databases is missing, not unreadable."""
    days, unreadable = parse_days([cell], day_form([cell]))

    assert np.isnat(days[0])
    assert not unreadable[0]


def test_day_of_a_month_is_no_year() -> None:
    """A number after a month that takes many values is a day, of an unknown year."""
    cells = [f"Jan {day}" for day in range(10, 30)]

    assert parse_days(cells, day_form(cells))[1].all()


@pytest.mark.parametrize("recognised", [date, str])
def test_dates_that_a_spreadsheet_exchanged(recognised: type) -> None:
    """Recognised dates all before the 13th and texts all after it: the former are exchanged."""
    days = [date(2025, month, day) for month in (3, 5) for day in (4, 8, 10, 14, 20, 27)]
    cells = [
        day.strftime("%d.%m.%Y")
        if day.day > 12
        else recognised.fromisoformat(str(day.replace(month=day.day, day=day.month)))
        if recognised is date
        else str(day.replace(month=day.day, day=day.month))
        for day in days
    ]

    assert day_form(cells).swapped
    assert days == read(*cells)


def test_few_dates_are_not_exchanged() -> None:
    """One recognised date before the 13th, or any after it, is no evidence."""
    assert not day_form([date(2025, 3, 4), "20.03.2025"]).swapped
    assert not day_form([date(2025, 3, 4), date(2025, 3, 14), *["20.03.2025"] * 9]).swapped


DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))
FORMATS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d"),
    *(
        "%d.%m.%Y %H:%M:%S",
        "%d %b %Y",
        "%B %d, %Y",
        "%d-%b-%y",
        "%d.%m.%y",
        "%m/%d/%y",
        "%y-%m-%d",
    ),
)


@given(st.lists(DAYS, min_size=1, max_size=12), st.sampled_from(FORMATS))
def test_printed_dates_are_read_back(days: list[date], notation: str) -> None:
    """A column printed in one notation is read exactly, or the order is a question."""
    cells = [day.strftime(notation) for day in days]
    try:
        assert days == read(*cells)
    except InputError as problem:
        assert "the date format" in str(problem)  # noqa: PT017 - it may also be read
    days_with_option, unreadable = parse_days(cells, day_form(cells, date_format=notation))
    assert days == days_with_option.tolist()
    assert not unreadable.any()


@given(st.lists(DAYS, min_size=1, max_size=12), st.booleans())
def test_numbers_are_read_back(days: list[date], seconds: bool) -> None:
    """Days since 1900 and seconds since 1970, from the year 2002 for both."""
    days = [max(day, date(2002, 1, 1)) for day in days]
    first = date(1970, 1, 1) if seconds else date(1899, 12, 30)
    unit = timedelta(seconds=1) if seconds else timedelta(days=1)

    assert days == read(*((day - first) // unit for day in days))
