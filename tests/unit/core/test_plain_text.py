from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.core.plain_text import LogFilter, masked, one_line

NASTY = st.text(alphabet=st.sampled_from("ab1;[]m\x1b\x9b\x9d\x07\\\x9c?HJ \n\r\t\x00\x7f\u202e"), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\u202egnp.exe", "gnp.exe"),
        ("👩\u200d🔬 über", "👩\u200d🔬 über"),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(NASTY)
def test_one_line_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert all(unicodedata.category(character) not in ("Cc", "Cf") for character in one_line(text))


def shown(*pieces: str) -> str:
    log = LogFilter()
    return "".join(log.feed(piece) for piece in pieces) + log.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[1;31mred\x1b[0m\n", "\x1b[1;31mred\x1b[0m\n"),
        ("50%\r100%\n", "50%\r100%\n"),
        ("\x1b[2J\x1b[Hwiped", "wiped"),
        ("\x1b]52;c;Y3VybA==\x07clip", "clip"),
        ("\x1bPq secret \x1b\\after", "after"),
        ("bell\x07 null\x00", "bell null"),
        ("\x1b[6n", ""),
        ("half \x1b[3", "half 3"),
    ],
)
def test_log(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_a_colour_cut_in_two_is_whole_again() -> None:
    assert shown("a\x1b", "[3", "1mb") == "a\x1b[31mb"


def test_a_long_unfinished_sequence_is_not_held_for_ever() -> None:
    log = LogFilter()
    assert len(log.feed("\x1b]" + "x" * 10_000)) == 10_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "\x9d",
        "\x9daaa",
        "\x1b]",
        "\x1b]8;;",
        "\x1b[1;",
        "1;",
        "\x9b",
        "\x1b",
        "\x1b ",
        "\x90\x9c",
        "?password",
        "://",
        "=a",
    ],
)
def test_long_texts_take_no_longer_than_long_texts(text: str) -> None:
    """Whatever they are made of: what takes twice the time for each further character would take hours."""
    for start in ("", "\x1b[", "\x1b]", "\x9d", "?"):
        hostile = start + text * (150_000 // len(text))
        one_line(hostile)
        shown(hostile[:75_000], hostile[75_000:])
        masked(hostile)


@given(NASTY, st.integers(0, 60))
def test_cutting_a_log_anywhere_changes_nothing(text: str, cut: int) -> None:
    assert shown(text[:cut], text[cut:]) == shown(text)


@given(st.lists(NASTY, max_size=4))
def test_log_lets_only_colours_through(pieces: list[str]) -> None:
    import re

    rest = re.sub(r"\x1b\[[0-9;:]*m", "", shown(*pieces))
    assert all(character in "\n\r\t" or unicodedata.category(character) != "Cc" for character in rest)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("got unsupported URI 'foo://bob:s3cret@db/mlflow' for", "got unsupported URI 'foo://***@db/mlflow' for"),
        ("https://token@host: refused; http://a:b@c@d/e@f", "https://***@host: refused; http://***@d/e@f"),
        ("sqlite:////home/me@work/mlflow.db", "sqlite:////home/me@work/mlflow.db"),
        ("https://host/a b@c", "https://host/a b@c"),
        (
            "no answer from 'https://h/x?user=me&Password=s3cret' yet",
            "no answer from 'https://h/x?user=me&Password=***' yet",
        ),
        ("https://s3/b?X-Amz-Signature=abc&X-Amz-Date=1", "https://s3/b?X-Amz-Signature=***&X-Amz-Date=1"),
        ("is the password=right? and the token too", "is the password=right? and the token too"),
    ],
)
def test_no_password_is_shown(text: str, shown: str) -> None:
    assert masked(text) == shown
