"""Source of CRM records from a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from abcxyz.builtin.sql.connect import Database
from abcxyz.errors import ConfigError
from abcxyz.plugins import Secret
from abcxyz.toolkit.known_names import check_known

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from abcxyz.core.sales.calendar import Window
    from abcxyz.crm import CrmData

__all__ = ["SqlCrm"]


class SqlCrm:
    """Read the records of a CRM by one query per table.

    Parameters
    ----------
    url
        URL of SQLAlchemy; it holds the password.
    sql
        Table, as in ``abcxyz.crm.TABLES``, or ``stages`` -> query with the columns of the record.
        A query may use ``:since`` and ``:until`` (the day after the last).
    zone
        Time zone of the business, also of moments without one.
    stages
        Funnel -> its stages in order, for records without a table of stages.
    connect_timeout, timeout
        Seconds until a connection is answered, and for each statement; the second not with every
        driver.

    Notes
    -----
    All queries run in one transaction, so that deals and changes are of one moment where the
    database isolates transactions.
    """

    def __init__(
        self,
        url: Secret,
        *,
        sql: Mapping[str, str],
        zone: str | None = None,
        stages: Mapping[str, Sequence[str]] | None = None,
        connect_timeout: float = 10.0,
        timeout: float = 900.0,
    ) -> None:
        from abcxyz.crm import TABLES

        check_known(
            "there is no table {key!r} of a CRM; give queries for some of {known}",
            key=sql,
            known=(*TABLES, "stages"),
        )
        if "deals" not in sql and "stage_changes" not in sql:
            raise ConfigError(
                "a CRM needs a query for deals or stage_changes; add one under [crm.sql]"
            )
        self._database = Database(url, connect_timeout=connect_timeout, timeout=timeout)
        self._queries, self._zone, self._stages = dict(sql), zone, stages
        self._remarks: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"SqlCrm({', '.join(self._queries)})"

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def remarks(self) -> Sequence[str]:
        """Return what was guessed or is not in the tables, of the last reading."""
        return self._remarks

    def preflight(self) -> Sequence[str]:
        """Connect, and read the columns of every query."""
        lines = [self._database.name]
        self._database.check_exists()
        with self._database.failures(), self._database.engine.connect() as connection:
            for table, query in self._queries.items():
                result = self._run(connection, query, None)
                lines.append(f"{table}: {', '.join(result.keys())}")
                result.close()
        return lines

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        """Return everything alive in the half-open *window*, as known at its end."""
        import pandas as pd

        from abcxyz.tables.crm.assemble import crm_of_frames

        frames: dict[str, tuple[pd.DataFrame, str]] = {}
        self._database.check_exists()
        with self._database.failures(), self._database.engine.connect() as connection:
            for table, query in self._queries.items():
                if tables is None or table in (*tables, "deals", "stages"):
                    result = self._run(connection, query, window)
                    # As objects, because a NULL would turn whole identifiers into floats.
                    rows = pd.DataFrame(
                        [tuple(row) for row in result],
                        columns=pd.Index(list(result.keys())),
                        dtype=object,
                    )
                    frames[table] = rows, f"{self._database.name}, {table}"
        reading = crm_of_frames(
            frames, self._database.name, zone=self._zone, stages=self._stages, wanted=tables
        )
        self._remarks = reading.remarks
        return reading.crm.alive_in(window)

    def _run(self, connection: Connection, query: str, window: Window | None) -> Any:
        import sqlalchemy as sa

        text = sa.text(query)
        names = [name for name in ("since", "until") if name in text.compile().params]
        typed = text.bindparams(*(sa.bindparam(name, type_=sa.Date) for name in names))
        return connection.execute(typed, {name: getattr(window, name, None) for name in names})
