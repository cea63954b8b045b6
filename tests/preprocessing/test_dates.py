"""Texts that are dates or times."""

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
    ],
)
def test_dates(text):
    assert are_dates([text]) and are_dates([text, text]) and not are_dates([text, "x"])


@pytest.mark.parametrize(
    "text",
    [
        *("2024", "2024-13-01", "1.2.10", "2024-01-31x", "may", "32/1/2024", "1-2", "", "1:2"),
        *("Wed", "Wed 2024", "2024-01-31 CET", "2024-01-31 23:59 or so"),
    ],
)
def test_other_texts(text):
    assert not are_dates([text])


def test_no_texts_are_no_dates():
    assert not are_dates([])
