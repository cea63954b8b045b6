"""Texts that are dates, times or durations."""

import pytest

from bp_numba.preprocessing.dates import are_dates


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-31",
        "2024/1/31",
        "2024.01.31",
        "31.1.2024",
        "31/01/2024",
        "1/31/2024",
        "1/31/24",
        "31-01-24",
        "31 Jan 2024",
        "31-Jan-24",
        "January 31, 2024",
        "Jan 31st 2024",
        "2024-01-31T23:59:59Z",
        "2024-01-31 23:59",
        "2024-01-31 23:59:59.123+01:00",
        "2024-01-31 23:59:59.123+01",
        "2024-01-31 23:59:59 -0500",
        "2024-01-31 23:59 CEST",
        "Wed, 31 Jan 2024 23:59:59 +0000",
        "Wednesday, January 31, 2024",
        "1/31/2024 11:59 PM",
        "17:30",
        "17:30:05",
        "Mon Jan 01 12:00:00 2024",
        "Mon Jan  1 12:00:00 2024",
        "Mon Jan  1 12:00:00 CET 2024",
        "2024-01-01T00",
        "2024-01-01 23",
        "2024-01",
        "1 day 02:03:04",
        "1 day, 2:03:04",
        "0 days 00:10:00",
        "-1 days +23:59:59.5",
        "02:03:04",
        "-2:03:04.125",
        "100:00:00",
    ],
)
def test_dates(text):
    assert are_dates([text]) and are_dates([text, text]) and not are_dates([text, "x"])


@pytest.mark.parametrize(
    "text",
    [
        *("2024", "2024-13-01", "1.2.10", "2024-01-31x", "may", "32/1/2024", "1-2", "", "1:2"),
        *(
            "2024-13",
            "2024-1",
            "1234-05",
            "2024-01-01T25",
            "1 day 2",
            "days",
            "3 days",
            "Mon Jan 1",
        ),
        *("Wed", "Wed 2024", "2024-01-31 CET", "2024-01-31 23:59 or so"),
    ],
)
def test_other_texts(text):
    assert not are_dates([text])


def test_months_beside_other_forms_are_codes():
    assert are_dates(["2024-01", "1999-12"])
    assert not are_dates(["2024-01", "2024-01-31"]) and not are_dates(["2024-01", "2024-13"])


def test_no_texts_are_no_dates():
    assert not are_dates([])
