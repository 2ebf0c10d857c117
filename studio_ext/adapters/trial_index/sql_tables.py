"""Reads MLflow's tables, which are never written: SQLite with the standard library, others with SQLAlchemy.

Statements are written for SQLite, with ``?`` for values and ``{key}`` for the column of that name, a reserved word
elsewhere.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.contract.errors import Unavailable
from studio_ext.core.plain_text import masked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

_BUSY_SECONDS = 3.0
_FETCHED = 5_000
"""Rows that are taken from a driver at once."""
_JOINED = (
    "SELECT run_uuid, string_agg({key} || chr(31) || coalesce(value, ''), chr(30) ORDER BY {key} COLLATE \"C\") "
    "FROM tags WHERE run_uuid IN ({ids}) GROUP BY run_uuid"
)


class NotThere(Unavailable):
    """The file is not there: not yet, where nobody has recorded anything."""


class Tables(Protocol):
    """Asks the database. Raises ``Unavailable`` while it is away. For one thread."""

    has_rowid: bool
    """Whether rows have a ``rowid`` that grows, and :meth:`version` tells whether anything changed."""

    joined_tags: str
    """Statement that gives run and tags (see :func:`.records.joined`) of the runs ``{ids}``; empty: it has to be done
    here."""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of an answer."""

    def numbers(self, statement: str, values: Sequence[Any], columns: int) -> NDArray[np.float64] | None:
        """All rows of an answer with so many columns, all of them numbers; NaN for nothing. None: some are no numbers.
        Faster than :meth:`rows`, and exact up to 2**53."""

    def version(self) -> int:
        """Differs when somebody else changed something since; costs microseconds."""

    def snapshot(self) -> contextlib.AbstractContextManager[None]:
        """All answers within are of one moment. Keep it short."""

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""


def open_tables(uri: str) -> Tables:
    """Tables of a tracking URI that is a database."""
    path = sqlite_path(uri)
    return SqliteTables(path) if path is not None else EngineTables(uri)


def is_database(uri: str) -> bool:
    """Whether a tracking URI is a database that is read here; others are asked through MLflow."""
    scheme = uri.partition(":")[0].partition("+")[0].lower()
    return scheme in ("sqlite", "postgresql", "postgres", "mysql")


class SqliteTables:
    """See :class:`Tables`."""

    has_rowid = True
    joined_tags = (
        "SELECT run_uuid, group_concat(tag, char(30)) FROM (SELECT run_uuid, {key} || char(31) || coalesce(value, '') "
        "AS tag FROM tags WHERE run_uuid IN ({ids}) ORDER BY run_uuid, {key}) GROUP BY run_uuid"
    )

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._opened = 0

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """See :class:`Tables`."""
        return self._ask(statement, values, sqlite3.Cursor.fetchall)

    def numbers(self, statement: str, values: Sequence[Any], columns: int) -> NDArray[np.float64] | None:
        """See :class:`Tables`."""
        return self._ask(statement, values, lambda cursor: _numbers(cursor, columns))

    def _ask(self, statement: str, values: Sequence[Any], read: Callable[[sqlite3.Cursor], T]) -> T:
        statement = statement.replace("{key}", '"key"')
        connection = self._open()
        try:
            return read(connection.execute(statement, values))
        except sqlite3.OperationalError as error:
            if "decode" not in str(error):
                raise self._away(error) from error
        except sqlite3.Error as error:
            raise self._away(error) from error
        connection.text_factory = lambda data: data.decode("utf-8", "replace")  # somebody wrote what is no text
        try:
            return read(connection.execute(statement, values))
        except sqlite3.Error as error:
            raise self._away(error) from error
        finally:
            connection.text_factory = str

    def version(self) -> int:
        """See :class:`Tables`. Another file in the place of the one that we know is a change, too."""
        connection = self._open()
        try:
            found = connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error as error:
            raise self._away(error) from error
        return (self._opened << 32) + int(found[0])

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """See :class:`Tables`."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            if self._connection is not None and self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """See :class:`Tables`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        try:
            facts = self._path.stat()
        except OSError as error:
            self.close()
            kind = NotThere if isinstance(error, FileNotFoundError) else Unavailable
            raise self._away(error.strerror or error, kind) from error
        if self._connection is not None and self._identity == (facts.st_dev, facts.st_ino):
            return self._connection
        self.close()
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro",
                uri=True,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute("PRAGMA cache_size = -16000")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise self._away(error) from error
        self._connection, self._identity = connection, (facts.st_dev, facts.st_ino)
        self._opened += 1  # each connection counts for itself
        return connection

    def _away(self, why: object, kind: type[Unavailable] = Unavailable) -> Unavailable:
        self.close()
        return kind(
            f"The tracking store {self._path} cannot be read ({why}).",
            hint="Trials that were read before are still shown. They are brought up to date when the store is back.",
        )


class EngineTables:
    """See :class:`Tables`."""

    has_rowid = False

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._engine: Any = None
        self._connection: Any = None
        self.joined_tags = _JOINED if uri.startswith("postgres") else ""

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """See :class:`Tables`."""
        return self._ask(statement, values, lambda rows: [tuple(each) for each in rows])

    def numbers(self, statement: str, values: Sequence[Any], columns: int) -> NDArray[np.float64] | None:
        """See :class:`Tables`."""
        return self._ask(statement, values, lambda rows: _numbers(rows, columns))

    def _ask(self, statement: str, values: Sequence[Any], read: Callable[[Iterable[Sequence[Any]]], T]) -> T:
        from sqlalchemy import exc

        try:
            connection = self._open()
            quoted = statement.replace("{key}", self._engine.dialect.identifier_preparer.quote_identifier("key"))
            if self._engine.dialect.paramstyle in ("format", "pyformat"):
                quoted = quoted.replace("?", "%s")
            # One at a time takes a sixth longer, and all at once the memory for all.
            parts = connection.exec_driver_sql(quoted, tuple(values)).partitions(_FETCHED)
            found = read(chain.from_iterable(parts))
            if not self._in_snapshot:
                connection.rollback()
            return found
        except (exc.SQLAlchemyError, ImportError, OSError) as error:
            raise self._away(error) from error

    def version(self) -> int:
        """Not told by this database."""
        return 0

    _in_snapshot = False

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """See :class:`Tables`."""
        self._in_snapshot = True
        try:
            yield
        finally:
            self._in_snapshot = False
            if self._connection is not None:
                with contextlib.suppress(Exception):  # drivers raise what they like
                    self._connection.rollback()

    def close(self) -> None:
        """See :class:`Tables`."""
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None
        if self._engine is not None:
            self._engine.dispose()

    def _open(self) -> Any:
        if self._engine is None:
            from sqlalchemy import create_engine

            uri = self._uri.replace("postgres://", "postgresql://", 1)
            self._engine = create_engine(uri, pool_size=1, pool_pre_ping=True)
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="REPEATABLE READ")
        return self._connection

    def _away(self, error: Exception) -> Unavailable:
        self.close()
        why = masked(" ".join(str(getattr(error, "orig", None) or error).split()))[:300]
        return Unavailable(
            f"The tracking store cannot be read ({type(error).__name__}: {why}).",
            hint="Trials that were read before are still shown. They are brought up to date when the store is back.",
        )


def _numbers(rows: Iterable[Sequence[Any]], columns: int) -> NDArray[np.float64] | None:
    """Row by row as they come: what the database made of one is let go before the next."""
    import numpy as np

    try:
        return np.fromiter(chain.from_iterable(rows), dtype=np.float64).reshape(-1, columns)
    except (TypeError, ValueError):
        return None
