"""What runs in kernels: following imports, noting reads, switching autologging on. In processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.attempts.archive import worker_archive
from studio_ext.worker import autolog, capture


class Kernel:
    """A Python that has started to capture, as a kernel has."""

    def __init__(self, base: Path) -> None:
        self.job = base / "jobs" / "x"
        self.code = self.job / "code"
        self.code.mkdir(parents=True)
        (self.job / "attempts" / "1").mkdir(parents=True)
        self.report = self.job / "attempts" / "1" / "reads.jsonl"
        self.archive = worker_archive(base / "cache")

    def run(self, code: str, *, wish: str = "off", check: bool = True, path: str = "") -> str:
        self.report.write_text("")
        settings = capture.Settings(str(self.report), str(self.job), str(self.code), wish)
        place = str(self.archive)
        start = (
            capture.start_code(settings.as_record())
            .replace(str(Path(capture.__file__).parent.parent), place)
            .replace("from studio_ext.worker import", "from studio_worker import")
        )
        program = f"names = set(globals())\n{start}\nassert set(globals()) - names == {{'names'}}\ndel names\n"
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", program + textwrap.dedent(code)],
            cwd=self.code, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.report.read_text().splitlines()]

    def reads(self) -> list[str]:
        return [line["read"] for line in self.lines() if "read" in line]

    def notes(self) -> list[str]:
        return [line["note"] for line in self.lines() if "note" in line]


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def test_nothing_of_it_is_to_be_seen(kernel: Kernel) -> None:
    said = kernel.run(
        "import sys; print([m for m in sys.modules if 'studio' in m], [p for p in sys.path if 'pyz' in p])"
    )
    assert said == "[] []\n" and kernel.lines() == []


def test_archives_of_the_user_stay_importable(kernel: Kernel, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.pyz", "w") as archive:
        archive.writestr("mine.py", "VALUE = 7")
    ours, mine = str(kernel.archive), str(tmp_path / "mine.pyz")
    code = f"""
        import sys
        sys.path[:0] = [{ours!r}, {mine!r}]
        from studio_worker import capture
        capture.forget()
        import mine
        print(mine.VALUE, {ours!r} in sys.path, {mine!r} in sys.path, 'studio_worker' in sys.modules)
    """
    assert kernel.run(code, path=mine) == "7 False True False\n"


def test_events_of_others_harm_nobody(kernel: Kernel) -> None:
    (kernel.code / "a.csv").write_text("x")
    said = kernel.run("""
        import sys
        class Odd:
            def __eq__(self, other): raise ValueError
            __hash__ = None
        for arguments in ((), (1,), ([],), (Odd(),), ('x', 5, 0), ('x', None, 'x'), ([], 'r', 0), (Odd(), 'r', 0)):
            sys.audit('open', *arguments)
            sys.audit('sqlite3.connect', *arguments)
        print(open('a.csv').read())
    """)
    assert said == "x\n" and kernel.reads() == [str(kernel.code / "a.csv")]


def test_files_are_noted_once_with_their_size(kernel: Kernel, tmp_path: Path) -> None:
    (kernel.code / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.json").write_text("{}")
    (kernel.job / "input" / "data" / "train").mkdir(parents=True)
    (kernel.job / "input" / "data" / "train" / "c").write_text("c")
    kernel.run(
        f"""
        import os, pathlib, sqlite3
        for _ in range(3):
            open('a.csv').read(); open(b'a.csv').close(); open('./x/../a.csv').close()
            os.close(os.open({str(tmp_path / "b.json")!r}, os.O_RDONLY))
        pathlib.Path({str(kernel.job / "input/data/train/c")!r}).read_text()
        os.chdir('/'); open(os.path.join({str(kernel.code)!r}, 'a.csv')).close()
    """.replace("./x/../a.csv", "./a.csv")
    )
    assert kernel.reads() == [
        str(kernel.code / "a.csv"),
        str(tmp_path / "b.json"),
        str(kernel.job / "input/data/train/c"),
    ]
    first = kernel.lines()[0]
    assert first["size"] == 4 and first["mtime"] == (kernel.code / "a.csv").stat().st_mtime_ns


def test_what_is_no_data(kernel: Kernel, tmp_path: Path) -> None:
    for name in ("code.py", "n.ipynb", "font.ttf", ".hidden", "x.so"):
        (kernel.code / name).write_text("")
    for name in ("output", "model"):
        (kernel.job / name).mkdir()
        (kernel.job / name / "file").write_text("")
    (kernel.job / "job.json").write_text("{}")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x").write_text("")
    (kernel.code / "folder").mkdir()
    kernel.run(f"""
        import json, os, email, ssl, sqlite3, zoneinfo
        for name in ('code.py', 'n.ipynb', 'font.ttf', '.hidden', 'x.so', '../output/file', '../model/file',
                     '../job.json', '../attempts/1/reads.jsonl', {str(tmp_path / ".cache" / "x")!r}, '/etc/passwd',
                     '/dev/null', '/proc/self/stat'):
            open(name).close()
        for name in ('missing.csv', 'folder', 'a' * 5000, 'nul\\0', 7777):
            try:
                open(name)
            except (OSError, ValueError):
                pass
        zoneinfo.ZoneInfo('UTC')
        sqlite3.connect(':memory:').close()
        open('made.csv', 'w').close(); open('made.csv').close()
        with open('both.csv', 'a+') as file: file.write('x')
        open('both.csv').close()
        os.close(os.open('third.csv', os.O_CREAT | os.O_RDWR)); open('third.csv').close()
    """)
    assert kernel.lines() == []


def test_what_other_programs_of_the_job_made_is_no_data(kernel: Kernel) -> None:
    (kernel.code / "old.csv").write_text("1")
    kernel.run("""
        import os, subprocess, shutil, time
        subprocess.run(['sh', '-c', 'cp old.csv made.csv; touch -d 2001-01-01 made.csv'], check=True)
        open('made.csv').close(); open('old.csv').close()
    """)
    assert kernel.reads() == [str(kernel.code / "old.csv")]


def test_threads_and_forked_processes(kernel: Kernel) -> None:
    for number in range(40):
        (kernel.code / f"{number}.csv").write_text("x")
    kernel.run("""
        import os, threading
        def read(numbers):
            for number in numbers:
                open(f'{number}.csv').read()
        threads = [threading.Thread(target=read, args=(range(start, 20),)) for start in (0, 0, 5, 10)]
        [thread.start() for thread in threads]; [thread.join() for thread in threads]
        if os.fork() == 0:
            read(range(20, 40)); os._exit(0)
        os.wait()
    """)
    assert sorted(kernel.reads()) == sorted(str(kernel.code / f"{number}.csv") for number in range(40))


def test_the_report_ends_somewhere(kernel: Kernel) -> None:
    folder = kernel.code / "many"
    folder.mkdir()
    for number in range(2500):
        (folder / str(number)).write_text("")
    kernel.run("import pathlib\nfor file in pathlib.Path('many').iterdir():\n    file.read_text()")
    assert len(kernel.reads()) == 1999 and kernel.lines()[-1] == {"more": True}


def test_a_report_that_is_gone_or_a_link_harms_nobody(kernel: Kernel, tmp_path: Path) -> None:
    (kernel.code / "a.csv").write_text("x")
    (tmp_path / "other").write_text("")
    said = kernel.run(f"""
        import os
        os.unlink({str(kernel.report)!r}); print(len(open('a.csv').read()))
        os.symlink({str(tmp_path / "other")!r}, {str(kernel.report)!r}); print(len(open('a.csv').read()))
        open({str(tmp_path / "x")!r}, 'w').close()
    """)
    assert said == "1\n1\n" and (tmp_path / "other").read_text() == ""


def test_readers_that_open_files_by_themselves(kernel: Kernel, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name in ("a", "b", "c", "d", "e"):
        pq.write_table(pa.table({"x": [1]}), kernel.code / f"{name}.parquet")
    (kernel.code / "set").mkdir()
    pq.write_table(pa.table({"x": [1]}), kernel.code / "set" / "part.parquet")
    (kernel.code / "f.csv").write_text("a\n1\n")
    kernel.run("""
        import pickle, pathlib, io
        import pandas as pd, pyarrow.parquet as pq, pyarrow.dataset as ds, pyarrow.csv as pc
        pd.read_parquet('a.parquet'); pq.read_table(pathlib.Path('b.parquet')); pq.ParquetFile(source='c.parquet')
        ds.dataset(['d.parquet', 'e.parquet']); pd.read_parquet('set'); pc.read_csv('f.csv')
        assert pickle.loads(pickle.dumps(pd.read_csv)) is pd.read_csv and pd.read_csv.__name__ == 'read_csv'
        assert pd.read_csv(io.StringIO('a\\n1')).shape == (1, 1)
        for wrong in (dict(), dict(filepath_or_buffer=5)):
            try:
                pd.read_csv(**wrong)
            except (TypeError, ValueError) as error:
                pass
    """)
    names = {Path(path).name for path in kernel.reads()}
    assert names == {"a.parquet", "b.parquet", "c.parquet", "d.parquet", "e.parquet", "part.parquet", "f.csv"}


def test_addresses_given_to_pandas(kernel: Kernel) -> None:
    pytest.importorskip("pandas")
    kernel.run("""
        import http.server, threading
        import pandas as pd
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200); self.send_header('ETag', '"v7"'); self.end_headers()
                self.wfile.write(b'a\\n1\\n')
            def log_message(self, *_): pass
        server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert len(pd.read_csv(f'http://127.0.0.1:{server.server_port}/x.csv')) == 1
        try:
            pd.read_csv('s3://bucket/none.csv')
        except Exception:
            pass
    """)
    uris = [line for line in kernel.lines() if "uri" in line]
    assert uris[0]["uri"].endswith("/x.csv") and {"etag": '"v7"'}.items() <= uris[1].items()
    assert uris[-1] == {"uri": "s3://bucket/none.csv"}


# -- imports


def package(folder: Path, name: str, source: str) -> None:
    place = folder / name.replace(".", "/")
    place.mkdir(parents=True)
    (place / "__init__.py").write_text(source)


FLUENT = """
def autolog():
    LIBRARY_TO_AUTOLOG_MODULE = {
        "sklearn": "mlflow.sklearn",
        "pyspark.ml": "mlflow.pyspark.ml",
        # a remark
    }

    GENAI_LIBRARY_TO_AUTOLOG_MODULE = {
        "openai": "mlflow.openai",
    }
"""
MLFLOW = """
def autolog(log_models=True, silent=False, exclude_flavors=None):
    print('autolog', log_models, silent, exclude_flavors)
"""


DUCKDB = """
import sys
def sql(query):
    return sys._getframe(1).f_locals[query]
query = execute = sql
def read_csv(path):
    return path
class DuckDBPyConnection:
    def sql(self, query):
        return sys._getframe(1).f_locals[query]
    query = execute = sql
    def read_csv(self, path):
        return path
"""


def test_sql_of_duckdb_finds_the_variables_of_its_caller(kernel: Kernel, tmp_path: Path) -> None:
    package(tmp_path / "fakes", "duckdb", DUCKDB)
    for name in ("a.csv", "b.csv"):
        (kernel.code / name).write_text("a\n1\n")
    said = kernel.run(
        """
        import duckdb
        def job():
            df, connection = 5, duckdb.DuckDBPyConnection()
            found = []
            for each in (duckdb, connection):
                found += each.sql('df'), each.query('df'), each.execute('df')
            return found
        print(job(), duckdb.read_csv('a.csv'), duckdb.DuckDBPyConnection().read_csv('b.csv'))
        """,
        path=str(tmp_path / "fakes"),
    )  # fmt: skip
    assert said == "[5, 5, 5, 5, 5, 5] a.csv b.csv\n"
    assert kernel.reads() == [str(kernel.code / "a.csv"), str(kernel.code / "b.csv")]


def test_what_is_given_to_a_reader_as_text_is_no_pattern(kernel: Kernel, tmp_path: Path) -> None:
    package(tmp_path / "fakes", "polars", "def read_json(source):\n    return len(source)\n")
    for name in ("a1.json", "a2.json", "b.json"):
        (kernel.code / name).write_text("[]")
    said = kernel.run(
        """
        import glob, polars, sys
        asked, search = [], glob.iglob
        glob.iglob = lambda path, **how: asked.append(path) or search(path, **how)
        glob.glob = lambda path, **how: asked.append(path) or []
        rows = ', '.join(['{"a": 1}'] * 3)
        for text in (f'[{rows}]', ' [' + '*/' * 900 + ']', '<p>*</p>', '{"a": "?"}', 'a,b\\n*,?', 5000 * '*/'):
            assert polars.read_json(text) == len(text)
        polars.read_json('a*.json'); polars.read_json('b.json')
        print(asked)
        """,
        path=str(tmp_path / "fakes"),
    )
    assert said == "['a*.json']\n"
    assert sorted(kernel.reads()) == [str(kernel.code / name) for name in ("a1.json", "a2.json", "b.json")]


def test_of_a_pattern_only_so_many_files_are_noted(kernel: Kernel, tmp_path: Path) -> None:
    package(tmp_path / "fakes", "polars", "def scan_csv(source):\n    return source\n")
    for number in range(250):
        (kernel.code / f"{number}.csv").write_text("")
    assert kernel.run("import polars\nprint(polars.scan_csv('*.csv'))", path=str(tmp_path / "fakes")) == "*.csv\n"
    assert len(kernel.reads()) == 200


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    folder = tmp_path / "fakes"
    package(folder, "sklearn", "print('sklearn')\nVALUE = 1\n")
    package(folder, "openai", "")
    package(folder, "mlflow", MLFLOW)
    package(folder, "mlflow.tracking", "")
    (folder / "mlflow" / "tracking" / "fluent.py").write_text(FLUENT)
    return folder


def test_autologging_is_on_before_the_next_line(kernel: Kernel, fakes: Path) -> None:
    said = kernel.run(
        "import json, sys\nimport openai\nassert 'mlflow' not in sys.modules\nimport sklearn\nprint('next')\n"
        "import sklearn, mlflow\nassert 'exec_module' not in vars(sklearn.__loader__)\n"
        "assert type(sklearn.__loader__).__name__ == 'SourceFileLoader'",
        wish="on", path=str(fakes),
    )  # fmt: skip
    assert said.splitlines() == ["sklearn", "autolog False True ['openai']", "next"]
    assert kernel.run("import mlflow\nprint('next')", wish="on", path=str(fakes)).splitlines()[0].startswith("autolog")
    assert "autolog True" in kernel.run("import sklearn", wish="models", path=str(fakes))
    assert kernel.run("import sklearn", wish="off", path=str(fakes)) == "sklearn\n"


def test_a_library_that_cannot_be_imported_fails_as_ever(kernel: Kernel, fakes: Path) -> None:
    (fakes / "sklearn" / "__init__.py").write_text("raise RuntimeError('its own')")
    said = kernel.run(
        "for _ in range(2):\n    try:\n        import sklearn\n    except RuntimeError as error:\n        print(error)",
        wish="on", path=str(fakes),
    )  # fmt: skip
    assert said == "its own\nits own\n" and kernel.notes() == []
    with_name = kernel.run(
        "try:\n    import sklearn.no\nexcept (ImportError, RuntimeError) as error:\n    print(type(error).__name__)",
        wish="on", path=str(fakes),
    )  # fmt: skip
    assert with_name == "RuntimeError\n"


def test_faults_are_noted_and_swallowed(kernel: Kernel, fakes: Path) -> None:
    (fakes / "mlflow" / "__init__.py").write_text("raise OSError('disk')")
    assert kernel.run("import sklearn\nprint('next')", wish="on", path=str(fakes)) == "sklearn\nnext\n"
    assert kernel.notes() == ["Not everything is recorded by itself: OSError: disk"]


def test_reloading_and_lazy_imports(kernel: Kernel, fakes: Path) -> None:
    said = kernel.run(
        "import importlib, sklearn\nimportlib.reload(sklearn)\nprint(importlib.util.find_spec('sklearn').name)",
        wish="on", path=str(fakes),
    )  # fmt: skip
    assert said.splitlines() == ["sklearn", "autolog False True ['openai']", "sklearn", "sklearn"]


def test_the_libraries_are_those_of_the_installed_mlflow() -> None:
    import mlflow.tracking.fluent  # the source of truth

    names, left_out = autolog.libraries()
    assert {"sklearn", "xgboost", "lightgbm", "pyspark.ml", "transformers"} <= set(names)
    assert {"openai", "langchain"} <= set(left_out) and not set(names) & {"openai", "langchain", "boto3"}
    source = Path(mlflow.tracking.fluent.__file__).read_text()
    assert all(f'"{name}": "mlflow.' in source for name in names)


def test_a_list_that_looks_otherwise(tmp_path: Path) -> None:
    package(tmp_path, "mlflow", "")
    package(tmp_path, "mlflow.tracking", "")
    for source in ("", "LIBRARY_TO_AUTOLOG_FN = {", "LIBRARY_TO_AUTOLOG_MODULE = {\n    }"):
        (tmp_path / "mlflow" / "tracking" / "fluent.py").write_text(source)
        code = "from studio_ext.worker import autolog\nprint(autolog.libraries())"
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{Path(autolog.__file__).parents[2]}"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert "'sklearn', 'xgboost'" in done.stdout, done.stderr
