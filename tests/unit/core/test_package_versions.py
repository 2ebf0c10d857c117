from __future__ import annotations

import pytest

from studio_ext.core.package_versions import MAX_PACKAGES, diff_packages, parse_packages


def test_lists_are_read() -> None:
    text = (
        "numpy==2.4.6\nMy_Pkg.Sub==1\n# no\n\nlocal @ file:///x\npriv @ https://me:secret@host/p\n-e .\n\x1b[31m==1\n"
    )
    assert parse_packages(text) == {
        "numpy": "2.4.6",
        "my-pkg-sub": "1",
        "local": "file:///x",
        "priv": "https://***@host/p",
    }


def test_a_list_without_end_has_one() -> None:
    assert len(parse_packages("".join(f"p{number}==1\n" for number in range(3 * MAX_PACKAGES)))) == MAX_PACKAGES


@pytest.mark.parametrize(
    ("first", "second", "change"),
    [
        ("1.9", "1.10", "newer"),
        ("2.0", "2.0rc1", "older"),
        ("1.0", "1.0+cu121", "newer"),
        ("1.0", "1.0.0", "changed"),
        ("file:///a", "file:///b", "changed"),
        (None, "1", "added"),
        ("1", None, "removed"),
    ],
)
def test_which_version_is_newer(first: str | None, second: str | None, change: str) -> None:
    sides = [{"same": "1"} | ({"p": each} if each else {}) for each in (first, second)]
    found, same = diff_packages(*sides)
    assert [(each.name, each.change, each.first, each.second) for each in found] == [("p", change, first, second)]
    assert same == 1
