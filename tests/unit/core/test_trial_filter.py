"""The filter language: what is read, what is refused and where, and what is suggested."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_table import MAX_FILTER, FilterCondition
from studio_ext.core.trial_filter import (
    And,
    Condition,
    Flag,
    Mention,
    Moment,
    Node,
    Not,
    Number,
    Operator,
    Or,
    Text,
    WrongFilter,
    complete,
    conditions_of,
    parse,
    write,
)
from studio_ext.core.trial_filter.parser import MAX_CONDITIONS, MAX_DEPTH
from studio_ext.core.trial_filter.tokens import string, tokens
from studio_ext.core.trial_filter.values import holds, operators, quote, spell
from studio_ext.core.trial_keys import ATTRIBUTES, Key, Kind, Summary, parse_key, parse_number
from studio_ext.testing.memory_columns import MemoryColumns
from studio_ext.testing.trial_columns_suite import STRANGE, sample_trials

COLUMNS = MemoryColumns(sample_trials())
KNOWN = [each.text for each in COLUMNS.keys([])]


def said(node: Node | None) -> Any:
    """A tree without places."""
    match node:
        case None:
            return None
        case Condition():
            return node.key.text, str(node.operator), [value_of(each) for each in node.values]
        case Mention():
            return node.text
        case Not():
            return "not", said(node.node)
        case And() | Or():
            return type(node).__name__.lower(), [said(each) for each in node.nodes]


def value_of(value: Any) -> Any:
    match value:
        case Number():
            return value.number
        case Text():
            return value.text
        case Flag():
            return value.flag
        case Moment():
            return "relative" if value.is_relative else "fixed", value.first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" \n\t ", None),
        ("params.lr < 0.1", ("params.lr", "<", [0.1])),
        ("params.lr<0.1", ("params.lr", "<", [0.1])),
        ("metrics.rmse.min <= 1e-3", ("metrics.rmse.min", "<=", [0.001])),
        ("metrics.rmse.last > -5", ("metrics.rmse", ">", [-5])),
        ("metrics.a >= -inf", ("metrics.a", ">=", [float("-inf")])),
        ("params.lr == 0.10", ("params.lr", "=", [0.1])),
        ("params.lr <> .5", ("params.lr", "!=", [0.5])),
        ('params.lr = "0.10"', ("params.lr", "=", ["0.10"])),
        ("params.mode = fast", ("params.mode", "=", ["fast"])),
        ("params.mode = 'it''s'", None),
        (r'params.mode = "a \"b\" \\ c"', ("params.mode", "=", ['a "b" \\ c'])),
        ("params.mode = TRUE", ("params.mode", "=", [True])),
        ("params.mode = 'true'", ("params.mode", "=", ["true"])),
        ("dirty = false", ("dirty", "=", [False])),
        ("tags.stage != dev", ("tags.stage", "!=", ["dev"])),
        ("name ~ resnet", ("name", "~", ["resnet"])),
        ("name !~ 'a b'", ("name", "!~", ["a b"])),
        ("params.lr ~ 0.1", ("params.lr", "~", ["0.1"])),
        ("name = 5", ("name", "=", ["5"])),
        ("name = src/train-2.py:7", ("name", "=", ["src/train-2.py:7"])),
        ("status = completed", ("status", "=", ["FINISHED"])),
        ("STATUS = Failed", ("status", "=", ["FAILED"])),
        ("status in (stopped, running,PENDING)", ("status", "in", ["KILLED", "RUNNING", "SCHEDULED"])),
        ("params.lr not in (1, two, '3')", ("params.lr", "not in", [1.0, "two", "3"])),
        ("params.lr Is Present", ("params.lr", "is present", [])),
        ("params.lr is missing", ("params.lr", "is missing", [])),
        ("duration > 5m", ("duration", ">", [300.0])),
        ("duration > 1h30m", ("duration", ">", [5400.0])),
        ("duration > 90", ("duration", ">", [90.0])),
        ("started > -7d", ("started", ">", [("relative", -604800.0)])),
        ("ended < -90s", ("ended", "<", [("relative", -90.0)])),
        ("started > -2w and started < 1700000000", ("and", [
            ("started", ">", [("relative", -1209600.0)]), ("started", "<", [("fixed", 1700000000.0)])])),
        ("started > 2026-11-01T10:00Z", ("started", ">", [("fixed", 1793527200.0)])),
        ("metrics.`val loss`.max > 1", ("metrics.`val loss`.max", ">", [1.0])),
        ("metrics.`rmse.min` > 1", ("metrics.`rmse.min`", ">", [1.0])),
        ("params.`a``b(` = 1", ("params.`a``b(`", "=", [1.0])),
        ("tags.mlflow.user = ada", ("tags.mlflow.user", "=", ["ada"])),
        ('"resnet"', "resnet"),
        ("not 'x'", ("not", "x")),
        ("'a' or 'b' and not 'c'", ("or", ["a", ("and", ["b", ("not", "c")])])),
        ("('a' or 'b') AND 'c'", ("and", [("or", ["a", "b"]), "c"])),
        ("((('a')))", "a"),
        ("not not 'a'", ("not", ("not", "a"))),
        ('"" and "é🚀"', ("and", ["", "é🚀"])),
    ],
)  # fmt: skip
def test_what_is_read(text: str, expected: Any) -> None:
    if "''" in text:  # a quote is not escaped by doubling it
        with pytest.raises(WrongFilter):
            parse(text)
        return
    assert said(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("params.lr", "|", "comparison is missing", "params.lr is followed by ="),
        ("params.lr <", "|", "value is missing", ""),
        ("params.lr < and 'x'", "and", "Before the word and a value is missing", 'write "and"'),
        ("params.lr < )", ")", "value is missing", ""),
        ("params.lr < dev", "dev", "compares numbers", 'params.lr = "dev"'),
        ("metrics.rmse = dev", "dev", "holds numbers", ""),
        ("metrics.rmse ~ 3", "~", "cannot be compared with ~", "There are <"),
        ("name < 3", "<", "cannot be compared", "~"),
        ("status = done", "done", "no status", "completed, failed, stopped, running, pending"),
        ("status ~ fail", "~", "cannot be compared", "="),
        ("dirty = maybe", "maybe", "true or false", ""),
        ("started > tomorrow", "tomorrow", "no time", "-7d"),
        ("started > 2026-13-01", "2026-13-01", "no time", "2026-11-01"),
        ("started > -7x", "-7x", "no time", "-7d"),
        ("started > 7d", "7d", "no time", "-7d"),
        ("metrics." + "z" * 600 + " < 1", "metrics." + "z" * 600, "longer than 600", ""),
        ("duration > long", "long", "no duration", "5m"),
        ("rmse < 3", "rmse", "no column rmse", "Did you mean metrics.rmse?"),
        ("metric.rmse < 3", "metric.rmse", "no column", "Did you mean metrics.rmse?"),
        ("parameters.lr < 3", "parameters.lr", "no column", "Did you mean params.lr?"),
        ("statsu = failed", "statsu", "no column", "Did you mean status?"),
        ("zzzzzz = 3", "zzzzzz", "no column", "params.<name>"),
        ("resnet", "resnet", "no condition", 'write "resnet"'),
        ("resnet and 'a'", "resnet", "no condition", 'write "resnet"'),
        ("params. = 3", "params.", "no column", ""),
        ("(params.lr = 1", "(", "not closed", ""),
        ("params.lr = 1)", ")", "closes nothing", ""),
        (")", ")", "condition is missing", ""),
        ("()", ")", "condition is missing", ""),
        ("params.lr = 1 params.x = 2", "params.x", "a word is missing", "Write and, or or."),
        ("'a' 'b'", "'b'", "a word is missing", "Write and, or or."),
        ("'a' && 'b'", "&&", "means nothing", "Write and."),
        ("'a' || 'b'", "||", "means nothing", "Write or."),
        ("! 'b'", "!", "means nothing", "Write not."),
        ("'a' and", "|", "condition is missing at the end", ""),
        ("or 'a'", "or", "cannot stand here", ""),
        ("not", "|", "condition is missing", ""),
        ('name = "abc', '"abc', "not closed", 'Put a " behind it.'),
        ("name = 'abc", "'abc", "not closed", "Put a ' behind it."),
        ("params.`abc = 3", "`abc = 3", "not closed", "Put a ` behind it."),
        ("params.lr = `x`", "`x`", "Backquotes", ""),
        ("params.lr in 3", "3", "list", "params.lr in (a, b)"),
        ("params.lr in (1 2)", "2", "comma", ""),
        ("params.lr in (1", "(", "not closed", ""),
        ("params.lr in ()", ")", "value is missing", ""),
        ("params.lr is 3", "is 3", "no comparison", "is present"),
        ("params.lr is", "|", "word is missing", ""),
        ("params.lr not present", "not present", "no comparison", ""),
        ("params.lr has 3", "has", "no comparison", "="),
        ("= 3", "=", "cannot stand here", ""),
        ("params.lr = = 3", "=", "value is missing", ""),
    ],
)
def test_what_is_wrong_and_where(text: str, place: str, message: str, hint: str) -> None:
    with pytest.raises(WrongFilter) as caught:
        parse(text, lambda: KNOWN)
    error = caught.value.error
    shown = "|" if error.start == error.end == len(text) else text[error.start : error.end]
    assert (shown, message in error.message, hint in error.hint) == (place, True, True), error
    assert caught.value.status == 400 and [each.field for each in caught.value.fields] == ["filter"]


def test_places() -> None:
    text = "  (params.lr < 0.1 and not 'x')"
    node = parse(text)
    assert isinstance(node, And)
    condition, opposite = node.nodes
    assert isinstance(condition, Condition) and isinstance(opposite, Not)
    assert text[condition.start : condition.end] == "params.lr < 0.1"
    assert text[condition.start : condition.key_end] == "params.lr"
    assert text[condition.values[0].start : condition.values[0].end] == "0.1"
    assert text[opposite.start : opposite.end] == "not 'x'"


def test_a_date_is_a_day_and_a_minute_a_minute() -> None:
    def moment(text: str) -> Moment:
        node = parse(f"started = {text}")
        assert isinstance(node, Condition) and isinstance(node.values[0], Moment)
        return node.values[0]

    day = moment("2026-11-01")
    assert day.first == datetime(2026, 11, 1).timestamp() and day.last == datetime(2026, 11, 2).timestamp()
    assert moment('"2026-11-01T10:00+00:00"').span(0.0) == (1793527200.0, 1793527260.0)
    exact = moment("2026-11-01T10:00:30.5Z")
    assert exact.first == exact.last == datetime(2026, 11, 1, 10, 0, 30, 500_000, UTC).timestamp()
    assert moment("-1h").span(10_000.0) == (6400.0, 6400.0)
    today, yesterday = moment("today"), moment("Yesterday")
    assert yesterday.last == today.first <= time.time() < today.last + 1


HOSTILE = [
    "(" * 10_000,
    ")" * 10_000,
    "not " * 2_500,
    "(not " * 2_000,
    '"' * 9_999,
    "'" * 9_999,
    "`" * 9_999,
    "params.`" * 1_250,
    '"' + "\\" * 9_998,
    '"' + "\\a" * 4_999,
    "a" * 10_000,
    "." * 10_000,
    "params." * 1_400,
    "=" * 10_000,
    "!" * 10_000,
    "< " * 5_000,
    "name in (" + "1," * 4_990,
    "'x' or " * 1_400 + "'x'",
    "metrics." + "z" * 9_900 + " < 1",
    "-" * 9_000,
    "started > -" + "9" * 9_000 + "d",
    "duration > " + "1h" * 4_000,
    "9" * 9_000 + "d",
    "params.x < " + "9" * 9_000,
    "".join(map(chr, range(1, 0x2800))),
    "\ud800 = \udfff",
    " " * 10_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_filters_get_an_answer(text: str) -> None:
    began = time.process_time()
    try:
        parse(text[:MAX_FILTER], lambda: KNOWN)
    except WrongFilter as wrong:
        assert len(wrong.error.hint) < 400 and len(wrong.error.message) < 400
    complete(text[:MAX_FILTER], None, COLUMNS)
    complete(text[:MAX_FILTER], 5_000, COLUMNS)
    assert time.process_time() - began < 20


@pytest.mark.timeout(60)  # a second or so each; minutes where time grows faster than the text
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_time_grows_as_the_text(text: str) -> None:
    tokens(text * (600_000 // len(text)))
    parse_number(text * (600_000 // len(text)))


def test_limits() -> None:
    with pytest.raises(WrongFilter, match="It is longer than 10000"):
        parse(" " * (MAX_FILTER + 1))
    deepest = MAX_DEPTH - 1
    assert parse("(" * deepest + "'x'" + ")" * deepest) is not None
    with pytest.raises(WrongFilter, match="nested deeper"):
        parse("(" * MAX_DEPTH + "'x'" + ")" * MAX_DEPTH)
    assert parse(" or ".join(["name = x"] * MAX_CONDITIONS)) is not None
    with pytest.raises(WrongFilter, match="more than"):
        parse(" or ".join(["name = x"] * (MAX_CONDITIONS + 1)))


WORDS = st.sampled_from(
    [*KNOWN, *ATTRIBUTES, "and", "or", "not", "in", "is", "present", "missing", "(", ")", ",", "=", "!=", "<", "~",
     "!~", "0.1", '"dev"', "'x", "`", "-7d", "5m", "failed", "true", "nan", "params.", "é", "\\", " "]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join)), st.integers(0, 80))
def test_any_text_is_read_or_refused_with_a_place(text: str, cursor: int) -> None:
    try:
        node = parse(text, lambda: KNOWN)
    except WrongFilter as wrong:
        assert 0 <= wrong.error.start <= wrong.error.end <= len(text)
        assert wrong.error.message
        assert wrong.message == f"The filter is wrong at character {wrong.error.start + 1}: {wrong.error.message}"
    else:
        conditions = conditions_of(text, node)
        if conditions is not None:
            assert said(parse(write(conditions))) == said(node)
    for each in complete(text, cursor, COLUMNS):
        assert 0 <= each.start <= min(cursor, len(text)) <= each.end <= len(text)


# -- conditions


def test_conditions_and_back() -> None:
    text = "params.lr<0.1 AND status in ( failed , stopped ) and name ~ 'a b' and tags.stage is missing"
    conditions = conditions_of(text, parse(text))
    assert conditions == [
        FilterCondition(key="params.lr", operator="<", values=["0.1"]),
        FilterCondition(key="status", operator="in", values=["failed", "stopped"]),
        FilterCondition(key="name", operator="~", values=["'a b'"]),
        FilterCondition(key="tags.stage", operator="is missing"),
    ]
    assert write(conditions) == (
        "params.lr < 0.1 and status in (failed, stopped) and name ~ 'a b' and tags.stage is missing"
    )
    assert conditions_of("", None) == [] and write([]) == ""


@pytest.mark.parametrize(
    "text", ["'x'", "name = a or name = b", "not name = a", "name = a and 'x'", "(name = a or 'b')"]
)
def test_what_is_more_than_conditions(text: str) -> None:
    assert conditions_of(text, parse(text)) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("dev", "dev"),
        ("0.1", "0.1"),
        ('"dev"', '"dev"'),
        ("'dev'", "'dev'"),
        ("two words", '"two words"'),
        ("and", '"and"'),
        ("", '""'),
        ('say "hi"', r'"say \"hi\""'),
        ("it's", '"it\'s"'),
        ("a`b", '"a`b"'),
        ("a, b", '"a, b"'),
        ("C:\\x y", '"C:\\\\x y"'),
        (" dev ", "dev"),
    ],
)
def test_values_are_spelt(written: str, expected: str) -> None:
    assert spell(written) == expected


@given(st.text(max_size=30))
def test_every_value_of_a_form_is_one_value(text: str) -> None:
    written = write([FilterCondition(key="params.x", operator="=", values=[text])])
    node = parse(written)
    assert isinstance(node, Condition) and len(node.values) == 1
    again = parse(f"params.x = {quote(Key(Kind.parameter, 'x'), text)}")
    assert isinstance(again, Condition)
    (value,) = again.values
    assert isinstance(value, Text) and value.text == text, "what is suggested finds exactly this text"
    assert tokens(string(text))[0].content == text


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        (FilterCondition(key="nothing", operator="=", values=["1"]), "conditions.0.key"),
        (FilterCondition(key="name", operator="like", values=["1"]), "conditions.0.operator"),
    ],
)
def test_what_is_no_condition(condition: FilterCondition, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        write([condition])
    assert [each.field for each in caught.value.fields] == [field]


# -- completion


def suggested(text: str) -> list[str]:
    """What is suggested at the mark ``|``, as the whole text that it makes."""
    cursor = text.index("|")
    text = text.replace("|", "")
    return [f"{text[: each.start]}{each.text}{text[each.end :]}" for each in complete(text, cursor, COLUMNS)]


def test_keys_are_suggested_attributes_first() -> None:
    found = suggested("|")
    assert found[: len(ATTRIBUTES)] == list(ATTRIBUTES)
    assert set(found[len(ATTRIBUTES) : -1]) == set(KNOWN) and found[-1] == "not"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("sta|", ["status", "started", "tags.stage"]),
        ("rm|", ["metrics.rmse", "metrics.`rmse.min`"]),
        ("metrics.a|", ["metrics.acc"]),
        ("metrics.rmse.|", ["metrics.`rmse.min`", "metrics.rmse.min", "metrics.rmse.max"]),
        ("PARAMS.L|", ["params.lr"]),
        ("'x' and (lr|", ["'x' and (params.lr"]),
        ("par|", ["parent", "params."]),
        ("sta| = 1", ["status = 1", "started = 1"]),
        ("params.text |", ["params.text =", "params.text !="]),
        ("params.text i|", ["params.text in", "params.text is present", "params.text is missing"]),
        ("params.text not |", ["params.text not in"]),
        ("params.text is |", ["params.text is present", "params.text is missing"]),
        ("params.text in |", ["params.text in ("]),
        ("params.text in (|", ["params.text in (Alpha", "params.text in (alpha"]),
        ("params.text in (beta |", ["params.text in (beta ,", "params.text in (beta )"]),
        ("params.text = |", ["params.text = Alpha", "params.text = alpha", "params.text = beta"]),
        ("params.text = be|", ["params.text = beta"]),
        ('params.text = "be|', ["params.text = beta"]),
        ('params.text = "be|"', ["params.text = beta"]),
        ("params.lr = |", ['params.lr = "0.1"', 'params.lr = "0.10"', 'params.lr = "1e-3"']),
        ("name = res|", ['name = "ResNet one"', 'name = "resnet two"']),
        ("status = |", ["status = completed", "status = failed"]),
        ("status = f|", ["status = failed"]),
        ("started > -|", ["started > -1h", "started > -1d"]),
        ("duration < |", ["duration < 1m"]),
        ("dirty = t|", ["dirty = true"]),
        ("name = x |", ["name = x and", "name = x or"]),
        ("(name = x |", ["(name = x and", "(name = x or", "(name = x )"]),
        ("name = x a|", ["name = x and"]),
        ("'x' or no|", ["'x' or notebook", "'x' or not"]),
    ],
)
def test_what_is_suggested(text: str, first: list[str]) -> None:
    assert suggested(text)[: len(first)] == first


@pytest.mark.parametrize("text", ["metrics.rmse > |", "nothing |", "nothing > |", "name = x ) |", "name = x y |"])
def test_where_nothing_is_suggested(text: str) -> None:
    assert suggested(text) == []


def test_without_an_experiment_the_language_is_suggested_all_the_same() -> None:
    assert [each.text for each in complete("", 0, None)] == [*ATTRIBUTES, "not"]
    assert complete("params.x = ", None, None) == []


def test_names_with_any_character_are_suggested_so_that_they_are_read() -> None:
    (found,) = complete("params.val", None, COLUMNS)
    assert parse_key(found.text) == Key(Kind.parameter, STRANGE)
    assert said(parse(f"{found.text} = 1")) == (found.text, "=", [1.0])


@given(st.text(min_size=1, max_size=20), st.sampled_from([Kind.parameter, Kind.metric, Kind.tag]))
def test_any_name_can_be_asked_for(name: str, kind: Kind) -> None:
    for summary in Summary if kind is Kind.metric else [Summary.last]:
        key = Key(kind, name, summary)
        assert parse_key(key.text) == key
        node = parse(f"{key.text} is present")
        assert isinstance(node, Condition) and node.key == key


def test_each_column_says_which_operators_it_has() -> None:
    for text in [*ATTRIBUTES, "params.x", "metrics.x", "tags.x"]:
        key = parse_key(text)
        assert key is not None
        for operator in operators(key):
            value = {"status": "failed", "dirty": "true", "started": "today", "ended": "-1d"}.get(text, "1")
            tail = "" if operator.startswith("is") else f"({value})" if operator.endswith("in") else value
            assert parse(f"{text} {operator} {tail}") is not None, holds(key)
    assert set(Operator) == set(operators(Key(Kind.parameter, "x")))
