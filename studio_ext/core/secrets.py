"""Takes secrets out of texts that are recorded: sources, changes.

Rather too much than too little is masked. What looks like none of these stays: there is no telling it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from studio_ext.core.plain_text import masked

MASK = "***"

_KEY_BLOCK = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)[\s\S]*?"
    r"(-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}"
    r"|gl(?:pat|ptt|dt|rt|cbt|oas)-[A-Za-z0-9_.=-]{16,255}"  # GitLab
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}|xapp-[A-Za-z0-9-]{10,255}"  # Slack
    r"|sk-[A-Za-z0-9_-]{16,255}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}"
    r"|hf_[A-Za-z0-9]{20,255}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,1000}"
    r"|hooks\.slack\.com/[a-z]{1,20}/[A-Za-z0-9/_-]{10,255}"
    r"|npm_[A-Za-z0-9]{30,255}|pypi-[A-Za-z0-9_-]{40,1000}|dapi[a-f0-9]{32}|dop_v1_[a-f0-9]{40,255}"
    r"|eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{0,4000}"  # JSON web tokens
    r")"
)
_WORD = (
    r"(?:pass(?:word|wd|phrase|code)|(?<![A-Za-z0-9])pass|pwd|secret|token|access_?-?key(?:_?-?id)?"
    r"|(?:api|secret|private|account|storage|signing|encryption|master|service|session)_?-?key|shared_?-?access_?-?signature|auth(?:orization)?|credentials?|connection_?-?string|bearer)"
)
_WHOLE = rf"[\w.-]{{0,100}}?{_WORD}(?:_?(?:value|str|b64|\d{{1,3}}))?"
_NAME = rf"(?<![\w.-]){_WHOLE}"
_QUOTED = re.compile(
    # name = "value", "name": "value", name: str = "value", environ["NAME"] = "value", in JSON also with \" for "
    rf"({_NAME}(?:\\?[\"'])?\]?\s{{0,20}}(?::\s{{0,20}}[\w.\[\]| ]{{1,60}}?\s{{0,20}})?"
    r"(?:=|:|,)\s{0,20}[rbfu]{0,2})"
    r"(\\?(?:\"\"\"|'''|\"|'))((?:(?!\2).){1,4000}?)(\2|$)",
    re.IGNORECASE | re.MULTILINE,
)
# No quantifier in the following gives back what it took: the time is in proportion to the text, whatever it is.
_BARE = re.compile(
    rf"({_NAME}\s{{0,20}}+[:=]\s{{0,20}}+)(?![\"'\\])([^\s\"'\\()\[\]{{}},;#]{{4,2000}}+)(?![(\[{{])", re.IGNORECASE
)
_OPTION = re.compile(rf"((?<!\S)--?{_WHOLE}[= ])(?![-\"'$<{{])([^\s\"'\\]{{3,4000}}+)", re.IGNORECASE)
_BEARER = re.compile(r"\b((?:Bearer|Basic|Token)\s+)[A-Za-z0-9._~+/=-]{8,4000}")
_SECRET_NAME = re.compile(_WHOLE, re.IGNORECASE)
_BLOCK = 1 << 15
"""Characters that are looked through at once."""
_SMALL_NUMBER = re.compile(r"-?\d{1,6}(?:\.\d*)?")
_NO_SECRETS = frozenset({"none", "null", "true", "false", "str", "bytes", "string", "self", "int", "bool", "optional"})

_SECRET_FILES = re.compile(
    r"^(?:\.env(?:\..*)?|.*\.env|\.?netrc|_netrc|\.pypirc|\.npmrc|\.pgpass|\.git-credentials|\.htpasswd|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|.*\.(?:pem|key|p12|pfx|jks|keystore|ppk|kdbx|gpg|asc)|credentials(?:\..*)?|secrets?(?:\..*)?|kube_?config"
    r"|.*service[_-]?account.*\.json|client_secret.*\.json|token(?:s)?\.(?:json|txt|pickle))$",
    re.IGNORECASE,
)
_NO_SECRET_FILES = re.compile(r"\.(?:example|sample|template|dist|py|md|rst)$", re.IGNORECASE)


def is_secret_file(path: str) -> bool:
    """Whether a file of this name is there to hold secrets."""
    name = posixpath.basename(path)
    return bool(_SECRET_FILES.match(name)) and not _NO_SECRET_FILES.search(name)


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name is there to hold a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def without_secrets(text: str) -> str:
    """``text`` with ``***`` for what looks like a key, a token or a password."""
    text = _KEY_BLOCK.sub(rf"\1{MASK}\2", text)
    return "".join(map(_masked_lines, _blocks(text)))


def _blocks(text: str) -> Iterator[str]:
    """Whole lines, some of them at a time: no other thread can run while one expression goes through one text."""
    lines: list[str] = []
    size = 0
    for line in text.splitlines(keepends=True):
        lines.append(line)
        size += len(line)
        if size >= _BLOCK:
            yield "".join(lines)
            lines, size = [], 0
    yield "".join(lines)


def _masked_lines(text: str) -> str:
    text = masked(text)
    text = _SHAPES.sub(MASK, text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _QUOTED.sub(rf"\1\2{MASK}\4", text)
    text = _OPTION.sub(rf"\1{MASK}", text)
    return _BARE.sub(_bare, text)


def _bare(match: re.Match[str]) -> str:
    """A value without quotes; a call, a number or a word of the language is none of a secret."""
    value = match.group(2)
    if value.lower() in _NO_SECRETS or value.startswith((MASK, "$", "<")) or _SMALL_NUMBER.fullmatch(value):
        return match.group()
    return f"{match.group(1)}{MASK}"
