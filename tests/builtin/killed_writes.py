"""Program of `test_sql`: write into a table in forked processes that are killed midway."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from contextlib import closing

import sqlalchemy as sa

from abcxyz.builtin.sql import SqlSink, sink
from abcxyz.testing import make_analysis

vars(sink)["_AT_ONCE"] = 5
OLD = make_analysis([f"c{n}" for n in range(60)], seed=1)
NEW = make_analysis([f"c{n}" for n in range(30, 90)], seed=2)


def content(url: str) -> list[tuple[object, ...]]:
    """Return the rows, without the library."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        query = "SELECT customer, segment, value FROM abcxyz_segments ORDER BY 1"
        return [tuple(map(str, row)) for row in connection.exec_driver_sql(query)]


def killed_write(url: str, kill_at: int) -> bool:
    """Write the new analysis in a child that ends after so many batches; return if it did."""
    child = os.fork()
    if child == 0:
        batches = 0

        def count(_done: int, _total: int) -> None:
            nonlocal batches
            batches += 1
            if batches == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        with closing(SqlSink(url)) as target:
            target.report_progress(count)
            target.write(NEW, dry_run=False)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(url: str, count: int) -> None:
    """Kill at *count* seeded batches, or at each for 0; print what each left behind."""
    with closing(SqlSink(url)) as target:
        target.write(OLD, dry_run=False)
    before = content(url)
    every = range(1, 19)
    chosen = every if count == 0 else random.Random(7).sample(every, count)
    left = []
    for batch in chosen:
        killed = killed_write(url, batch)
        left.append({"batch": batch, "killed": killed, "as_before": content(url) == before})
    with closing(SqlSink(url)) as target:
        target.write(NEW, dry_run=False)
    print(json.dumps({"left": left, "changed": content(url) != before}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
