"""Encodings, told by a mark or an option."""

import pytest

from tests.tables.files import cells_of, refusal, table_of

TEXT = "a,gr\u00f6\u00dfe\nx,1\n\u00e4,2\n"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-32", None),
        ("latin-1", "latin-1"),
        ("cp1252", "CP1252"),
        ("utf-16-le", "utf-16-le"),
        ("utf-8-sig", "utf8"),
        ("utf-16", "utf-16"),
    ],
)
def test_what_is_written_is_read(encoding, said, tmp_path):
    table = table_of(tmp_path, TEXT.encode(encoding), encoding=said)
    assert cells_of(table) == {"a": ["x", "\u00e4"], "gr\u00f6\u00dfe": ["1", "2"]}
    assert ("encoding" in table.dialect) == (not encoding.startswith("utf-8"))


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("bits", [16, 32])
def test_marks_of_either_order(bits, order, tmp_path):
    content = ("\ufeff" + TEXT).encode(f"utf-{bits}-{order}")
    assert list(table_of(tmp_path, content).columns) == ["a", "gr\u00f6\u00dfe"]
    assert list(table_of(tmp_path, content, encoding=f"utf-{bits}-{order}").columns)[0] == "a"


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        (b"a,b\n1,2\n\xe9,2\n", 3, "e9"),
        (b"a,b\r1,2\r\r\n\xe9,2\n", 4, "e9"),
        (b"a,b\n" + "\u00e4,2\n".encode() * 50_000 + b"\xff", 50_002, "ff"),
    ],
)
def test_undecodable_bytes_are_refused_with_their_line(content, line, byte, tmp_path):
    message = refusal(tmp_path, content)
    assert f"data.csv is no text in UTF-8: byte 0x{byte} in line {line}; " in message
    assert message.endswith("--encoding latin-1")


def test_half_a_character_of_utf_16(tmp_path):
    assert "is no text in UTF-16: byte 0x" in refusal(tmp_path, TEXT.encode("utf-16")[:-1])


def test_utf_16_without_a_mark_names_the_option(tmp_path):
    assert "--encoding utf-16-le" in refusal(tmp_path, "a,b\n1,2\n".encode("utf-16-le"))


@pytest.mark.parametrize(
    "encoding", ["latin-0", "", "hex", "rot13", "idna", "undefined", "unicode_escape", "a\0b"]
)
def test_names_of_no_encoding(encoding, tmp_path):
    message = refusal(tmp_path, TEXT, encoding=encoding)
    assert message.startswith("--encoding must be an encoding of text") and "got" in message
