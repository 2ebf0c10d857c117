from __future__ import annotations

import pytest

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.model_names import alias_name, model_name, version_number


@pytest.mark.parametrize(
    "name", ["house-prices", "Häuser 2", "模型", "it's", 'a "quoted" one', "<b>", "x" * 250, "..a"]
)
def test_names_that_models_may_have(name: str) -> None:
    assert model_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name", ["", "  ", "a/b", "models:/a", "x" * 251, "a\nb", "a\0b", "a\\b", ".", "..", "both ' and \"", "\u202eabc"]
)
def test_names_that_models_may_not_have(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        model_name(name)
    assert [each.field for each in caught.value.fields] == ["name"]


@pytest.mark.parametrize("alias", ["champion", "a-b_1", "vault", "v", "größte", "x" * 250])
def test_aliases(alias: str) -> None:
    assert alias_name(f"{alias} ") == alias


@pytest.mark.parametrize("alias", ["", "latest", "Latest", "v1", "V22", "a b", "a@b", "a/b", "<b>", "x" * 251])
def test_what_is_no_alias(alias: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        alias_name(alias)
    assert caught.value.fields[0].field == "alias" and caught.value.hint


@pytest.mark.parametrize("version", ["", "0", "-1", "1.0", "x", "01", "²", "٣", "9" * 10, "1\n"])
def test_what_is_no_version(version: str) -> None:
    with pytest.raises(InvalidRequest):
        version_number(version)
    assert version_number("12") == "12"
