"""What a job says that it read: anything at all, of which sense is made."""

from __future__ import annotations

from typing import Any

import pytest

from studio_ext.core.data_reads import MOST_EVENTS, AddressRead, DataReads, FileRead, fold, parse_reads


def file(path: str, size: Any = 1, mtime: Any = 2) -> dict[str, Any]:
    return {"read": path, "size": size, "mtime": mtime}


def test_each_thing_once_as_it_was_first() -> None:
    events = [
        file("/w/a.csv", 5, 10),
        {"uri": "https://h/x.csv"},
        file("/w/a.csv", 6, 11),
        {"uri": "https://h/x.csv", "etag": '"v1"', "modified": "Mon"},
        {"uri": "s3://b/k"},
        {"note": "something"},
    ]
    assert parse_reads(events) == DataReads(
        (FileRead("/w/a.csv", 5, 10),), (AddressRead("https://h/x.csv", '"v1"', "Mon"), AddressRead("s3://b/k"))
    )


@pytest.mark.parametrize(
    "event",
    [
        {}, {"read": 5}, {"read": None, "size": 1, "mtime": 1}, file("relative"), file(""), file("/a/../b"),
        file("/a//b"),
        file("/a\0b"), file("/" + "x" * 5000), file("/a", -1), file("/a", True), file("/a", 1.5), file("/a", 1, "2"),
        file("/a", 2**63), file("/\ud800"), {"uri": 5}, {"uri": ""}, {"uri": "file:///etc/passwd"},
        {"uri": "javascript:x"},
        {"uri": "http://[half"}, {"uri": "https:"}, {"uri": "x" * 5000}, {"more": "yes"},
    ],
)  # fmt: skip
def test_nonsense_is_passed_over(event: Any) -> None:
    assert parse_reads([event, file("/good")]) == DataReads((FileRead("/good", 1, 2),))


def test_addresses_lose_their_secrets_and_control_characters() -> None:
    (address,) = parse_reads([{"uri": "https://ada:pw@h/x\x1b[31m.csv?token=abc&n=1", "etag": "a\nb" * 200}]).addresses
    assert address.uri == "https://***@h/x.csv?token=***&n=1"
    assert "\n" not in address.etag and len(address.etag) <= 200


def test_it_ends_somewhere() -> None:
    many = parse_reads(file(f"/f{number}") for number in range(MOST_EVENTS + 5))
    assert len(many.files) == MOST_EVENTS and many.is_cut
    assert parse_reads([{"more": True}]).is_cut


def test_few_files_stand_for_themselves() -> None:
    assert fold(["/a/1", "/a/2", "/b/1"], 3) == (["/a/1", "/a/2", "/b/1"], {})


def test_folders_stand_for_many_files() -> None:
    images = [f"/data/train/{kind}/{number}.png" for kind in ("cat", "dog") for number in range(300)]
    alone, folders = fold(["/data/labels.csv", *images], 10)
    assert alone == ["/data/labels.csv"]
    assert {folder: len(files) for folder, files in folders.items()} == {"/data/train/cat": 300, "/data/train/dog": 300}


@pytest.mark.parametrize("most", [1, 2, 7, 100])
def test_however_they_lie_there_are_no_more_than_asked_for(most: int) -> None:
    paths = [f"/root/{number % 40}/{number}/file" for number in range(1000)]
    alone, folders = fold(paths, most)
    assert len(alone) + len(folders) <= most
    assert sorted([*alone, *(path for files in folders.values() for path in files)]) == sorted(paths), "none is lost"


def test_files_of_the_root_are_not_folded_for_ever() -> None:
    alone, folders = fold([f"/{number}" for number in range(50)], 10)
    assert len(alone) == 50 and folders == {}
