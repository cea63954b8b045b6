"""Whether the first row holds names."""

import pytest

from tests.tables.files import refusal, table_of


@pytest.mark.parametrize(
    "text",
    [
        "2.91,1.36,hi\n5.86,0.65,lo\n",
        "2.91,hi\n?,lo\n3.5,lo\n",
        "1,2,3\n4,5,6\n",
        "0,1\n1,0\n",
        "Toyota,2015\nFiat,2012\n",
        "a,3\n1,2\n",
        "-1\n2\n",
        "x,o,yes\no,x,no\nx,x,no\no,o,yes\n",
        "$3.50,a\n$4.20,b\n",
        "3.5 %,a\n4.2 %,b\n",
        "51 494,a\n1 234 567,b\n",
        "51\u00a0494,a\n1\u202f234,b\n",
        "\u20133.5,a\n\u20134.2,b\n",
        "3.50\u00a0€,a\n4.20\u00a0€,b\n",
        "30,20,10\n1,2,4\n",
    ],
)
def test_looks_like_data(text, tmp_path):
    message = refusal(tmp_path, text)
    assert "the first row looks like data" in message and "--no-header" in message
    assert message.endswith("else rename those that are numbers")
    assert table_of(tmp_path, text, header=False).rows == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "country,2019,2020\nItaly,5.5,6.1\nSpain,4.2,3.9\n",
        "label,0,1,2,3\n5,0,255,0,17\n3,9,0,0,1\n",
        "kind,400,410,420\nx,0.5,0.25,0.1\n",
        "a,2\n1,x\n2,y\n",
        "a,b\nx,y\na,b\nu,v\n",
        "name\nx\nx\n",
        "a,b\n",
    ],
)
def test_looks_like_names(text, tmp_path):
    if text.count("\n") == 1:
        assert "has no rows below its header" in refusal(tmp_path, text)
        return
    names = [name.strip() for name in text.splitlines()[0].split(",")]
    assert list(table_of(tmp_path, text).columns) == names
