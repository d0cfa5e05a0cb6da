"""Schema of the history, as the steps by which older files are migrated."""

from __future__ import annotations

__all__ = ["APPLICATION", "MIGRATIONS", "PACKED_VERSION", "SCHEMA_VERSION"]

APPLICATION = 0x61627879
"""``abxy``, which identifies our files among SQLite files."""

MIGRATIONS = (
    # 1: snapshots. A key that begins with the snapshot stores the rows of a snapshot together
    # and also serves lookups of one customer, so no second index is needed.
    """
    CREATE TABLE snapshot (
        number INTEGER PRIMARY KEY,
        dated TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        as_of TEXT NOT NULL,
        since TEXT NOT NULL,
        until TEXT NOT NULL,
        bucket TEXT NOT NULL,
        settings TEXT NOT NULL,
        customers INTEGER NOT NULL,
        whole_ids INTEGER NOT NULL,
        whole_values INTEGER NOT NULL,
        digest TEXT NOT NULL,
        UNIQUE (dated, fingerprint)
    );
    CREATE TABLE customer_state (
        snapshot INTEGER NOT NULL,
        customer NOT NULL,
        place INTEGER NOT NULL,
        abc INTEGER NOT NULL,
        xyz INTEGER NOT NULL,
        steady_abc INTEGER NOT NULL,
        steady_xyz INTEGER NOT NULL,
        value NUMERIC,
        cv REAL,
        orders INTEGER NOT NULL,
        first_day INTEGER,
        last_day INTEGER,
        PRIMARY KEY (snapshot, customer)
    ) WITHOUT ROWID;
    CREATE VIEW customer_history AS
    SELECT dated, fingerprint, customer,
           CASE WHEN abc < 0 OR xyz < 0 THEN 'N'
                ELSE substr('ABC', abc + 1, 1) || substr('XYZ', xyz + 1, 1) END AS segment,
           CASE WHEN steady_abc < 0 OR steady_xyz < 0 THEN 'N'
                ELSE substr('ABC', steady_abc + 1, 1) || substr('XYZ', steady_xyz + 1, 1)
           END AS steady_segment,
           value, cv, orders,
           date(first_day * 86400, 'unixepoch') AS first_day,
           date(last_day * 86400, 'unixepoch') AS last_day
    FROM customer_state JOIN snapshot ON number = snapshot;
    """,
    # 2: alerts that were raised already, and alerts that are snoozed.
    """
    CREATE TABLE alert (
        reader TEXT NOT NULL,
        key TEXT NOT NULL,
        since TEXT NOT NULL,
        PRIMARY KEY (reader, key)
    ) WITHOUT ROWID;
    CREATE TABLE snooze (key TEXT PRIMARY KEY, until TEXT NOT NULL) WITHOUT ROWID;
    """,
    # 3: snapshots and alerts by job; an outbox of alerts with their deliveries to sinks; what
    # became of an alert; customers taken out of a snapshot, counted by class.
    # Snapshots and alerts of older files belong to no job ('') and serve every job.
    """
    DROP VIEW customer_history;
    ALTER TABLE snapshot RENAME TO old_snapshot;
    CREATE TABLE snapshot (
        number INTEGER PRIMARY KEY,
        job TEXT NOT NULL,
        dated TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        as_of TEXT NOT NULL,
        since TEXT NOT NULL,
        until TEXT NOT NULL,
        bucket TEXT NOT NULL,
        settings TEXT NOT NULL,
        customers INTEGER NOT NULL,
        whole_ids INTEGER NOT NULL,
        whole_values INTEGER NOT NULL,
        digest TEXT NOT NULL,
        UNIQUE (job, dated, fingerprint)
    );
    INSERT INTO snapshot SELECT number, '', dated, fingerprint, as_of, since, until, bucket,
        settings, customers, whole_ids, whole_values, digest FROM old_snapshot;
    DROP TABLE old_snapshot;
    CREATE VIEW customer_history AS
    SELECT job, dated, fingerprint, customer,
           CASE WHEN abc < 0 OR xyz < 0 THEN 'N'
                ELSE substr('ABC', abc + 1, 1) || substr('XYZ', xyz + 1, 1) END AS segment,
           CASE WHEN steady_abc < 0 OR steady_xyz < 0 THEN 'N'
                ELSE substr('ABC', steady_abc + 1, 1) || substr('XYZ', steady_xyz + 1, 1)
           END AS steady_segment,
           value, cv, orders,
           date(first_day * 86400, 'unixepoch') AS first_day,
           date(last_day * 86400, 'unixepoch') AS last_day
    FROM customer_state JOIN snapshot ON number = snapshot;
    CREATE TABLE forgotten (
        snapshot INTEGER NOT NULL,
        abc INTEGER NOT NULL,
        xyz INTEGER NOT NULL,
        customers INTEGER NOT NULL,
        PRIMARY KEY (snapshot, abc, xyz)
    ) WITHOUT ROWID;
    CREATE TABLE raised (
        number INTEGER PRIMARY KEY,
        reader TEXT NOT NULL,
        job TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        key TEXT NOT NULL,
        customer,
        alert TEXT,
        since TEXT NOT NULL,
        seen TEXT NOT NULL,
        ended INTEGER NOT NULL,
        UNIQUE (reader, job, fingerprint, key)
    );
    CREATE TABLE delivery (
        alert INTEGER NOT NULL,
        sink TEXT NOT NULL,
        state TEXT NOT NULL,
        dated TEXT NOT NULL,
        tries INTEGER NOT NULL,
        PRIMARY KEY (alert, sink)
    ) WITHOUT ROWID;
    CREATE TABLE outcome (
        number INTEGER PRIMARY KEY,
        job TEXT NOT NULL,
        customer NOT NULL,
        key TEXT,
        dated TEXT NOT NULL,
        outcome TEXT NOT NULL
    );
    INSERT INTO raised (reader, job, fingerprint, key, since, seen, ended)
        SELECT CASE WHEN reader LIKE 'abcxyz alerts %' THEN 'abcxyz alerts' ELSE reader END, '',
               CASE WHEN reader LIKE 'abcxyz alerts %' THEN substr(reader, 15) ELSE '' END,
               key, since, since, 0 FROM alert;
    INSERT INTO delivery SELECT number, '', 'delivered', since, 1 FROM raised WHERE reader = '';
    DROP TABLE alert;
    """,
    # 4: daily snapshots of the deals of a CRM, of each deal only the days on which it changed. A
    # row without a stage says that the source listed the deal no more.
    """
    CREATE TABLE deal_source (number INTEGER PRIMARY KEY, job TEXT NOT NULL UNIQUE);
    CREATE TABLE deal_snapshot (
        source INTEGER NOT NULL,
        day INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (source, day)
    ) WITHOUT ROWID;
    CREATE TABLE deal_state (
        source INTEGER NOT NULL,
        deal NOT NULL,
        day INTEGER NOT NULL,
        customer,
        stage TEXT,
        funnel TEXT,
        amount REAL,
        currency TEXT,
        owner TEXT,
        planned INTEGER,
        closed INTEGER,
        lost_reason TEXT,
        PRIMARY KEY (source, deal, day)
    ) WITHOUT ROWID;
    CREATE VIEW deal_history AS
    SELECT job, date(day * 86400, 'unixepoch') AS dated, deal, customer, stage, funnel, amount,
           currency, owner, date(planned * 86400, 'unixepoch') AS planned,
           datetime(closed, 'unixepoch') AS closed, lost_reason
    FROM deal_state JOIN deal_source ON number = source;
    """,
    # 5: sales by bucket, a list in JSON, and owner of every customer, with their hash; none in
    # snapshots of older files. The view unfolds them, a row per customer and bucket.
    """
    ALTER TABLE snapshot ADD COLUMN details TEXT;
    ALTER TABLE customer_state ADD COLUMN sales TEXT;
    ALTER TABLE customer_state ADD COLUMN owner TEXT;
    CREATE VIEW customer_sales AS
    SELECT job, dated, fingerprint, customer, owner, key + 1 AS bucket,
           CASE snapshot.bucket
                WHEN 'day' THEN date(since, key || ' days')
                WHEN 'week' THEN date(since, 7 * key || ' days')
                WHEN 'month' THEN date(since, key || ' months')
                WHEN 'quarter' THEN date(since, 3 * key || ' months')
                WHEN 'half_year' THEN date(since, 6 * key || ' months')
                WHEN 'year' THEN date(since, key || ' years') END AS since,
           json_each.value AS amount
    FROM customer_state JOIN snapshot ON number = snapshot, json_each(sales)
    WHERE json_each.value <> 0;
    """,
    # 6: totals of the classes of a snapshot, which pages over time read without its rows, and the
    # hours spent on each class. Sums of the rows, as they are for the snapshots of older files.
    """
    ALTER TABLE snapshot ADD COLUMN totals TEXT;
    ALTER TABLE snapshot ADD COLUMN hours TEXT;
    UPDATE snapshot SET totals = (
        SELECT json_array(
            json_array(total(abc = 0), total(abc = 1), total(abc = 2)),
            json_array(total(iif(abc = 0, value, 0)), total(iif(abc = 1, value, 0)),
                       total(iif(abc = 2, value, 0))))
        FROM customer_state WHERE snapshot = snapshot.number AND abc >= 0 AND xyz >= 0);
    """,
    # 7: columns of snapshots as compressed arrays instead of a row per customer and snapshot. What
    # is the same in several snapshots, such as the sales of a month, is stored once. The rows are
    # converted by `packed.older_rows`; for SQL they are written to another file by `export`.
    """
    CREATE TABLE customer (number INTEGER PRIMARY KEY, id NOT NULL UNIQUE);
    CREATE TABLE packed (
        number INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        content BLOB NOT NULL
    );
    CREATE TABLE snapshot_column (
        snapshot INTEGER NOT NULL,
        name TEXT NOT NULL,
        packed INTEGER NOT NULL,
        PRIMARY KEY (snapshot, name)
    ) WITHOUT ROWID;
    """,
)
"""Statements of each version, in order; an older file is migrated when it is opened."""

PACKED_VERSION = 7
"""Version from which on columns of snapshots are compressed."""

SCHEMA_VERSION = len(MIGRATIONS)
"""Version of the schema."""
