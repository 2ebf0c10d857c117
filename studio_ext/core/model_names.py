"""Which names of models, aliases and versions MLflow takes, said before it is asked."""

from __future__ import annotations

import re

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.models import MAX_NAME

_ALIAS = re.compile(r"[\w-]+")
_LIKE_A_VERSION = re.compile(r"v\d+", re.IGNORECASE)
_VERSION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def model_name(name: str) -> str:
    """The name that a new model gets. Raises ``InvalidRequest``."""
    name = name.strip()
    if not name:
        raise InvalidRequest.field("name", "a model needs a name")
    if "/" in name or ":" in name:
        raise InvalidRequest.field(
            "name", "must hold neither '/' nor ':'", hint="Addresses of models, such as models:/name@alias, use both."
        )
    if len(name) > MAX_NAME:
        raise InvalidRequest.field("name", f"must have at most {MAX_NAME} characters")
    if not name.isprintable() or name in (".", "..") or "\\" in name or ("'" in name and '"' in name):
        raise InvalidRequest.field("name", f"{name!r} is not a name that can be looked up again", hint="Use letters.")
    return name


def alias_name(alias: str) -> str:
    """The name of an alias. Raises ``InvalidRequest``."""
    alias = alias.strip()
    if len(alias) > MAX_NAME or not _ALIAS.fullmatch(alias):
        raise InvalidRequest.field("alias", "must be made of letters, digits, '-' and '_'", hint="Such as: champion.")
    if alias.lower() == "latest" or _LIKE_A_VERSION.fullmatch(alias):
        raise InvalidRequest.field(
            "alias", f"{alias!r} would be mistaken for a version", hint="Choose a word, such as champion."
        )
    return alias


def version_number(version: str) -> str:
    """A version as it stands in an address or a request. Raises ``InvalidRequest``."""
    if not _VERSION.fullmatch(version):
        raise InvalidRequest.field("version", f"{version[:30]!r} is not the number of a version")
    return version
