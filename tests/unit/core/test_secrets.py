"""Secrets do not get into what is recorded, and code stays readable."""

from __future__ import annotations

import time

import pytest

from studio_ext.core.secrets import is_secret_file, is_secret_name, without_secrets

SECRET = "hunter2-Xy77abcd"


@pytest.mark.parametrize(
    "line",
    [
        f'password = "{SECRET}"',
        f"DB_PASSWORD = '{SECRET}'",
        f'connect(host="h", password="{SECRET}", port=1)',
        f'self.api_key: str = "{SECRET}"',
        f'client_secret: Optional[str] = r"{SECRET}"',
        f'config = {{"api-key": "{SECRET}", "a": 1}}',
        f'os.environ["AWS_SECRET_ACCESS_KEY"] = "{SECRET}"',
        f'os.environ.setdefault("HF_TOKEN", "{SECRET}")',
        f'token = """{SECRET}"""',
        f"export GITHUB_TOKEN={SECRET}",
        f"PASSWORD={SECRET}",
        f"SMTP_PASS={SECRET}",
        f'db_pass = "{SECRET}"',
        f'SIGNING_KEY = "{SECRET}"',
        f"password: {SECRET}",
        f"  secret-key: {SECRET}   # comment",
        f'+    "    auth_token = \\"{SECRET}\\"\\n",',
        f"!mysql --password {SECRET} -h host",
        f"!mysql --password={SECRET}",
        f'headers = {{"Authorization": "Bearer {SECRET}"}}',
        f"curl -H 'Authorization: Bearer {SECRET}'",
        f"https://ada:{SECRET}@host/x.git",
        f"postgresql://ada:{SECRET}@host:5432/db",
        f"https://host/data.csv?sig=1&token={SECRET}&x=1",
        f"https://host.blob.core/c/data.csv?sv=2024&sig={SECRET}",
        f"https://hooks.slack.com/services/T000/B000/{SECRET}",
        f"-----BEGIN RSA PRIVATE KEY-----\n+MIIE{SECRET}\n+abc\n+-----END RSA PRIVATE KEY-----",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\nand no end",
        f"DefaultEndpointsProtocol=https;AccountKey={SECRET};EndpointSuffix=x",
        f'passwd="{SECRET}',  # the line ends in the middle of it
    ],
)
def test_values_of_what_is_named_so(line: str) -> None:
    masked = without_secrets(f"before = 1\n{line}\nafter = 2\n")
    assert SECRET not in masked and "hunter2" not in masked
    assert masked.startswith("before = 1\n")


@pytest.mark.parametrize(
    "token",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 9,
        "glpat-" + "aB3_" * 5,
        "xoxb-123456789012-abcdefABCDEF",
        "sk-proj-" + "a1B2" * 9,
        "sk_live_" + "a1B2" * 6,
        "hf_" + "aBcD" * 8,
        "AIza" + "a1B2_" * 7,
        "npm_" + "a1B2" * 9,
        "pypi-" + "AgEI" * 15,
        "dapi" + "0a1b" * 8,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123",
    ],
)
def test_tokens_are_known_by_their_shape(token: str) -> None:
    assert without_secrets(f"client = Client({token!r}, 5)") == "client = Client('***', 5)"
    assert token not in without_secrets(f"x {token}")


@pytest.mark.parametrize(
    "line",
    [
        "max_tokens = 512",
        "tokenizer = AutoTokenizer.from_pretrained('bert')",
        "token_count = len(tokens)",
        "password = getpass()",
        'password = os.environ["PASSWORD"]',
        "token = tokens[0]",
        "def login(user, password): return 1",
        "if password is None:",
        "password: str",
        "authors = ['Ada', 'Grace']",
        "monkey = 'banana'",
        "keys = list(d)",
        "password = None",
        "index 83db48f..bf269f4 100644",
        "learning_rate = 0.1  # 1e-3 was too slow",
        "url = 'https://example.com/data.csv?rows=5'",
    ],
)
def test_ordinary_code_stays(line: str) -> None:
    assert without_secrets(line) == line


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "password" * 120_000,
        "token=" * 170_000,
        '"' * 1_000_000,
        "password='" * 100_000,
        "-----BEGIN PRIVATE KEY-----\n" * 40_000,
        "eyJ" * 330_000,
        "a.-_" * 250_000,
        "://" * 330_000,
        "auth : " * 140_000,
        "--token " * 120_000,
        "A1b2/" * 200_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    without_secrets(text)
    assert time.process_time() - begun < 20, "it takes time in proportion to the text"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".env", True), ("a/.env.local", True), ("prod.env", True), ("keys/server.pem", True), ("id_rsa", True),
        (".netrc", True), ("credentials.json", True), ("a/secrets.yaml", True), ("my-service-account-1.json", True),
        (".env.example", False), ("secrets.py", False), ("credentials.md", False), ("train.ipynb", False),
        ("environment.yml", False), ("keys.csv", False), ("tokenizer.json", False),
    ],
)  # fmt: skip
def test_files_that_are_there_for_secrets(path: str, expected: bool) -> None:
    assert is_secret_file(path) is expected


@pytest.mark.parametrize("name", ["api_key", "DB_PASSWORD", "smtp_pass", "HF_TOKEN", "token", "signing_key"])
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "tokenizer", "compass", "key", "bypass", "monkey", "passes", "primary_key"]
)
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


def test_a_long_text_lets_other_threads_run() -> None:
    """One expression over all of it would hold them up for as long as it takes."""
    import threading

    longest, last, over = 0.0, time.perf_counter(), threading.Event()

    def turn() -> None:
        nonlocal longest, last
        while not over.wait(0.001):
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    thread = threading.Thread(target=turn)
    thread.start()
    began = time.perf_counter()
    text = without_secrets('+    "outputs of a cell, with some words in them",\n' * 60_000 + 'password = "hunter2"\n')
    seconds = time.perf_counter() - began
    over.set()
    thread.join()
    assert "hunter2" not in text
    assert longest < seconds / 2
