"""Mutation test: seeded small changes of the code, each of which some near test has to notice.

Run by ``nox -s mutants``, in a copy of the project: files are changed on disk one at a time.
Cosmic Ray lists the changes; here a sample of them is drawn, tried and counted.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import importlib
import os
import random
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from attrs import frozen
from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec
from tests.near_tests import NearTests, recorded

LEAST = 0.95
#: Seconds of tests of a module that do not run the changed line, and of those of the room whose
#: processes may run it.
OTHERS = 10.0
#: Imported once, before the processes that try the mutants are forked.
HEAVY = (
    *("hypothesis.strategies", "jinja2", "jsonschema", "numpy", "pandas", "pyarrow.csv"),
    *("requests", "rich.progress", "scipy.stats", "sqlalchemy", "xlsxwriter"),
)


@frozen
class Room:
    """Code to change, its tests, and modules that are imported before: none of its own."""

    code: str | tuple[str, ...]
    tests: tuple[str, ...]
    before: tuple[str, ...] = ()

    @property
    def files(self) -> list[Path]:
        """Modules of the room, and those of the rooms inside it."""
        named = [Path(one) for one in ([self.code] if isinstance(self.code, str) else self.code)]
        return sorted(
            file for one in named for file in (one.rglob("*.py") if one.is_dir() else (one,))
        )


CORE = ("tests/core", "tests/loops/test_rows.py")
ROOMS = {
    "core classes": Room("src/abcxyz/core/classes", CORE),
    "core sales": Room("src/abcxyz/core/sales", CORE),
    "core dynamics": Room("src/abcxyz/core/dynamics", CORE),
    "core snapshots": Room("src/abcxyz/core/snapshots", CORE),
    "core advice": Room("src/abcxyz/core/advice", CORE),
    "core analysis": Room("src/abcxyz/core/analysis", CORE),
    "core landmarks": Room("src/abcxyz/core/landmarks", CORE),
    "core prospects": Room("src/abcxyz/core/prospects", CORE),
    "core decomposition": Room("src/abcxyz/core/decomposition", CORE),
    "core forecasts": Room("src/abcxyz/core/forecasts", CORE),
    "core numbers": Room(
        tuple(
            f"src/abcxyz/core/{one}.py"
            for one in ("display", "documents", "exact_sums", "labels", "minor_units", "sums")
        ),
        CORE,
    ),
    "anonymization": Room(
        "src/abcxyz/report/anonymization.py", ("tests/report/test_anonymization.py",)
    ),
    "http": Room("src/abcxyz/http", ("tests/http",)),
    "history": Room(
        "src/abcxyz/history",
        (
            *("tests/history", "tests/cli/test_history_commands.py"),
            "tests/pipeline/test_deal_snapshots.py",
        ),
        ("abcxyz.core.analysis.analyze", "abcxyz.core.dynamics.backfill", "abcxyz.crm"),
    ),
    "pipeline": Room(
        "src/abcxyz/pipeline",
        ("tests/pipeline",),
        (
            *("abcxyz.builtin.plugin", "abcxyz.config", "abcxyz.core.dynamics.backfill"),
            *("abcxyz.crm", "abcxyz.history", "abcxyz.registry", "abcxyz.report.anonymization"),
        ),
    ),
    "bitrix money": Room(
        "src/abcxyz_bitrix/sales", ("tests/bitrix/sales", "tests/bitrix/test_source.py")
    ),
    "1c money": Room(
        "src/abcxyz_onec/sales",
        ("tests/onec/sales", "tests/onec/test_source.py", "tests/onec/test_hidden_rows.py"),
    ),
}

#: Changes that no test can notice: file, line and what becomes of it -> why. They are not counted.
#: A line alone stands for whatever becomes of it, as long as the tests pass.
EQUIVALENT: dict[tuple[str, str], str] = {
    (
        "src/abcxyz/core/sales/partitioned_rows.py",
        "self.power, rows = power, max(sums * 2 // 5 // _RECORD, 1)",
    ): "the same rows are added up, in other pieces",
    (
        "src/abcxyz/core/landmarks/orders/customer_sample.py",
        (
            "self._hashes[rows] = np.minimum(identifier_hashes(customers), _NONE - np.uint64(1))"
            "  ->  "
            "self._hashes[rows] = np.minimum(identifier_hashes(customers), _NONE ** np.uint64(1))"
        ),
    ): "nobody can make an identifier with the largest of all hashes",
    (
        "src/abcxyz/core/documents.py",
        (
            "whole = all(type(one) is int for one in values)  ->  "
            "whole = all(type(one) == int for one in values)"
        ),
    ): "a type is equal to itself alone",
    (
        "src/abcxyz/core/sums.py",
        (
            "if low < 0 < high and math.fsum(map(abs, sums)) > 2 * abs(total):  ->  "
            "if low < 0 < high and math.fsum(map(abs, sums)) > 1 * abs(total):"
        ),
    ): "the slower sum is the more exact one",
    (
        "src/abcxyz/core/advice/playbook.py",
        "  ->  def _default_data() -> Mapping[str, Any]:",
    ): "the same data, read again each time",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        "neither = ~(abc | xyz)  ->  neither = ~(abc & xyz)",
    ): "of two axes, the doubtful one is the less certain one too",
    (
        "src/abcxyz/core/landmarks/reasons.py",
        "_BLOCK = 1 << 12  # probabilities ranked at once: lists name few of many",
    ): "ranks are the same in other pieces",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        "while done < days:  ->  while done != days:",
    ): "no window goes beyond the days",
    (
        "src/abcxyz/core/analysis/find_alerts.py",
        (
            "if 0 < self._rules.next_steps <= counts[owner]:  ->  "
            "if 0 < self._rules.next_steps == counts[owner]:"
        ),
    ): "they are counted one by one, up to so many",
    (
        "src/abcxyz/core/snapshots/settings.py",
        "periods = self.periods(date(2000, 1, 1))",
    ): "the bucket is the same on any day",
    (
        "src/abcxyz/core/advice/calls.py",
        (
            "rows = zip(*(column.tolist() for column in columns), strict=True)  ->  "
            "rows = zip(*(column.tolist() for column in columns), strict=False)"
        ),
    ): "all have a row for each customer",
    (
        "src/abcxyz/history/results.py",
        (
            "states = np.empty(max(known.values(), default=-1) + 2, dtype=np.int8)  ->  "
            "states = np.empty(max(known.values(), default=-1) + 3, dtype=np.int8)"
        ),
    ): "another place at the end, which no customer has",
    (
        "src/abcxyz/core/landmarks/orders/order_history.py",
        (
            "if (int(row.max()) + 1) * width >= 1 << (63 - bits):  ->  "
            "if (int(row.max()) + 1) * width >= 1 | (63 - bits):"
        ),
    ): "places are the same on either way",
    (
        "src/abcxyz/core/minor_units.py",
        (
            "good = (np.abs(scaled - whole) <= size * NEAR) & (size <= EXACT)  ->  "
            "good = (np.abs(scaled - whole) <= size * NEAR) * (size <= EXACT)"
        ),
    ): "a product of truth values",
    (
        "src/abcxyz/core/advice/actions.py",
        (
            "pairs = self.segment[at].astype(np.int64) * 256 + self.refinement[at]  ->  "
            "pairs = self.segment[at].astype(np.int64) * 256 - self.refinement[at]"
        ),
    ): "another number for each pair",
    (
        "src/abcxyz/core/exact_sums.py",
        (
            "anchor = 2.0 ** (math.frexp(largest)[1] + (len(values) + 2).bit_length())  ->  "
            "anchor = 2.0 ** (math.frexp(largest)[1] + (len(values) // 2).bit_length())"
        ),
    ): "one bit less than there is room for",
    (
        "src/abcxyz_bitrix/sales/reader.py",
        (
            'process = basis.get("process", 0) if isinstance(basis, Mapping) else 0  ->  '
            'process = basis.get("process", -1) if isinstance(basis, Mapping) else 0'
        ),
    ): "neither is the number of a process",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "self._middle = (sales * self._inside).sum(axis=0)"
            " / np.maximum(self._inside.sum(axis=0), 1)"
            "  ->  "
            "self._middle = (sales ** self._inside).sum(axis=0)"
            " / np.maximum(self._inside.sum(axis=0), 1)"
        ),
    ): "the spread does not depend on what it is counted from",
    (
        "src/abcxyz/http/transport.py",
        (
            "backoff = Backoff(attempts=max(1, attempts), longest_requested=longest_wait)  ->  "
            "backoff = Backoff(attempts=max( 0, attempts), longest_requested=longest_wait)"
        ),
    ): "with no attempt, as with one, none is repeated",
    (
        "src/abcxyz/core/exact_sums.py",
        "if largest * len(values) < 2**63:  ->  if largest * len(values) < 2-63:",
    ): "the slower sum is exact too",
    (
        "src/abcxyz_onec/sales/turnovers.py",
        (
            'if self.metric == "profit" or (known and (income or not spent)):  ->  '
            'if self.metric <= "profit" or (known and (income or not spent)):'
        ),
    ): "turnovers have no other metric that comes before it",
    (
        "src/abcxyz/core/snapshots/snapshot.py",
        "if _FEW * len(customers) < len(self):",
    ): "positions are the same on either way",
    (
        "src/abcxyz/core/advice/actions.py",
        "first = at[rows[0]]  ->  first = at[rows[ -1]]",
    ): "any of the customers of a recommendation",
    (
        "src/abcxyz_onec/sales/customer_assignment.py",
        (
            "account.rows(int(lines.sum()), int((good & lines).sum()))  ->  "
            "account.rows(int(lines.sum()), int((good * lines).sum()))"
        ),
    ): "a product of truth values",
    (
        "src/abcxyz/core/sales/accumulate.py",
        "room = size + (size >> 4) if used or self._packed else size",
    ): "spare room for customers to come",
    (
        "src/abcxyz/core/sales/transactions.py",
        'if array.dtype.kind != "M":  ->  if array.dtype.kind > "M":',
    ): "no other kind comes before it",
    (
        "src/abcxyz/core/dynamics/transitions.py",
        "i = int(places[0])  ->  i = int(places[ -1])",
    ): "a customer is there once",
    (
        "src/abcxyz/core/dynamics/transition_counts.py",
        (
            "order = [*range(2, classes + 2), N + 2, ABSENT + 2]  ->  "
            "order = [*range(2, classes + 2), N ** 2, ABSENT + 2]"
        ),
    ): "both are 1",
    (
        "src/abcxyz_onec/sales/read_plan.py",
        (
            'wanted: Reader = turnovers if read == "turnovers" else records  ->  '
            'wanted: Reader = turnovers if read >= "turnovers" else records'
        ),
    ): "no other way to read comes after it",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "if column.high <= column.zero:  ->  if column.high < column.zero:",
    ): "at the edge no value is above zero either, which is found later",
    (
        "src/abcxyz/core/snapshots/snapshot.py",
        "if len(set(lengths.values())) > 1:  ->  if len(set(lengths.values())) != 1:",
    ): "a snapshot always has columns, and so a length",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "same = np.zeros((3, len(abc)), dtype=np.uint8 if resamples <= 255 else np.int32)"
            "  ->  "
            "same = np.zeros((3, len(abc)), dtype=np.uint8 if resamples < 255 else np.int32)"
        ),
    ): "255 fit into either",
    (
        "src/abcxyz/core/sums.py",
        (
            "safe = self.high < 2.0**46 if self.whole else True  ->  "
            "safe = self.high < 2.0**46 if self.whole else False"
        ),
    ): "the slower sum is the more exact one",
    (
        "src/abcxyz/core/advice/playbook.py",
        (
            'accepted.append(-1 if name == "N" else SEGMENTS.index(name))  ->  '
            'accepted.append(-1 if name >= "N" else SEGMENTS.index(name))'
        ),
    ): "no segment comes after it",
    (
        "src/abcxyz/history/store.py",
        "return self.load(known[0], settings)  ->  return self.load(known[ -1], settings)",
    ): "of one snapshot",
    (
        "src/abcxyz/history/packed/columns.py",
        'if sales.dtype.kind == "f":  ->  if sales.dtype.kind >= "f":',
    ): "whole numbers, the only others, are never NaN",
    (
        "src/abcxyz/history/packed/columns.py",
        (
            "if len(who) != len(amounts) or rows.min(initial=0) < 0 or who.min(initial=0) < 0:"
            "  ->  "
            "if len(who) != len(amounts) or rows.min(initial= 1) < 0 or who.min(initial=0) < 0:"
        ),
    ): "neither is below zero",
    (
        "src/abcxyz/history/packed/encoding.py",
        (
            'numbers = array.astype(np.float64 if kind == "f" else np.int64, copy=False)  ->  '
            'numbers = array.astype(np.float64 if kind <= "f" else np.int64, copy=False)'
        ),
    ): "the only other kind comes after it",
    (
        "src/abcxyz_bitrix/sales/reader.py",
        (
            "named = entity == entities_of(options.basis)[0]  ->  "
            "named = entity <= entities_of(options.basis)[0]"
        ),
    ): "the first type of a basis has the smallest number",
    (
        "src/abcxyz/pipeline/reading.py",
        (
            "_PLACE = 0x1E3779B97F4A7C15 >> 8  "
            "# separates the numbers of documents of several sources"
        ),
    ): "another large number separates as well",
    (
        "src/abcxyz_bitrix/sales/estimate.py",
        (
            "if self.seconds * BATCH_SIZE <= _TARGET_SECONDS  ->  "
            "if self.seconds * BATCH_SIZE < _TARGET_SECONDS"
        ),
    ): "at the edge, half a minute divided by the seconds is a batch too",
    (
        "src/abcxyz/core/sales/accumulate.py",
        "room = size + (size >> 4) if used else size",
    ): "spare room for rows to come",
    (
        "src/abcxyz/core/sales/rhythm.py",
        "_BLOCK = 1 << 16",
    ): "gaps are the same in other blocks",
    (
        "src/abcxyz/core/sales/documents.py",
        (
            "spanned = sale & (place >= 0) & (place < len(self._lookup))  ->  "
            "spanned = sale & (place >= 0) * (place < len(self._lookup))"
        ),
    ): "a product of truth values",
    (
        "src/abcxyz/history/upkeep.py",
        'temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")',
    ): "a random name of another length",
    (
        "src/abcxyz/history/rows.py",
        'elif array.dtype.kind == "M":  ->  elif array.dtype.kind <= "M":',
    ): "no other kind of the columns comes before it",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)  ->  "
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, -1)"
        ),
    ): "without rows nothing is multiplied by their size",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)  ->  "
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 1)"
        ),
    ): "without rows nothing is multiplied by their size",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)  ->  "
            "sampled, weight = sample(client, query, _SAMPLE) if rows else ( 2, 0)"
        ),
    ): "without rows nothing is multiplied by their size",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)  ->  "
            "sampled, weight = sample(client, query, _SAMPLE) if rows else ( 0, 0)"
        ),
    ): "without rows nothing is multiplied by their size",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)  ->  "
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1,  -1)"
        ),
    ): "without rows nothing is multiplied by their size",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)  ->  "
            "sampled, weight = sample(client, query, _SAMPLE) if rows else (1,  1)"
        ),
    ): "without rows nothing is multiplied by their size",
    (
        "src/abcxyz_onec/sales/checkpoint.py",
        (
            "if len({len(each) for each in fields.values()}) > 1:  ->  "
            "if len({len(each) for each in fields.values()}) != 1:"
        ),
    ): "columns without a field are no columns, which is found before",
    (
        "src/abcxyz/history/rows.py",
        "_CHUNK = 1 << 16",
    ): "rows are the same in other pieces",
    (
        "src/abcxyz/history/upkeep.py",
        ").fetchone()[0]  ->  ).fetchone()[ -1]",
    ): "of one column",
    (
        "src/abcxyz/http/transport.py",
        "_PIECE = 1 << 16  # bytes of an answer read at a time",
    ): "an answer is the same in other pieces",
    (
        "src/abcxyz/http/transport.py",
        (
            "if self._clock.monotonic() - started > self._total:  ->  "
            "if self._clock.monotonic() - started >= self._total:"
        ),
    ): "no clock strikes the very nanosecond",
    (
        "src/abcxyz/core/analysis/find_alerts.py",
        (
            "in_c = [i for i in hours if self._snapshot.abc[i] == 2]  ->  "
            "in_c = [i for i in hours if self._snapshot.abc[i] >= 2]"
        ),
    ): "no class has a larger code",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        "same[2] += equal[0] & equal[1]  ->  same[2] += equal[0] * equal[1]",
    ): "a product of truth values",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "for values, cv in zip(*self._resampled(weights), strict=True):  ->  "
            "for values, cv in zip(*self._resampled(weights), strict=False):"
        ),
    ): "both have a row for each resample",
    (
        "src/abcxyz/core/sales/partitioned_rows.py",
        "if rows > len(self._records):  ->  if rows != len(self._records):",
    ): "made anew where the room at hand would do",
    (
        "src/abcxyz/core/analysis/series.py",
        (
            "ends = np.searchsorted(code[order], np.arange(len(names) + 1))  ->  "
            "ends = np.searchsorted(code[order], np.arange(len(names) + 2))"
        ),
    ): "one more end, which nobody asks for",
    (
        "src/abcxyz/core/analysis/series.py",
        (
            "ends = np.searchsorted(code[order], np.arange(len(names) + 1))  ->  "
            "ends = np.searchsorted(code[order], np.arange(len(names) << 1))"
        ),
    ): "more ends, which nobody asks for",
    (
        "src/abcxyz/core/sales/sum_tables.py",
        "_CHUNK = 1 << 17  # rows that stay in the CPU cache",
    ): "sums are the same in other pieces",
    (
        "src/abcxyz/core/sales/accumulate.py",
        "_CHUNK = 1 << 17  # rows whose codes stay in the CPU cache between passes",
    ): "sums are the same in other pieces",
    (
        "src/abcxyz/core/sales/documents.py",
        "_STEP = 1 << 17  # rows for which a table makes room at once",
    ): "spare room for documents to come",
    (
        "src/abcxyz/core/sales/customer_numbers.py",
        "_STEP = 1 << 10",
    ): "spare room for customers to come",
    (
        "src/abcxyz/core/sales/rhythm.py",
        "_PART = 1 << 18  # gaps",
    ): "quantiles are the same in other pieces",
    (
        "src/abcxyz/core/sales/rhythm.py",
        "_MANY = 1 << 24  # keys above which duplicates are removed before the end",
    ): "duplicates are removed sooner or later",
    (
        "src/abcxyz/core/sales/partitioned_rows.py",
        "_PARTITION = 1 << 19  # bytes of sums that stay in the CPU cache",
    ): "sums are the same in other parts",
    (
        "src/abcxyz/core/sales/partitioned_rows.py",
        "LARGE = 1 << 23",
    ): "sums are the same on either way",
    (
        "src/abcxyz/core/prospects/look_alikes.py",
        "_BATCH = 1 << 16",
    ): "pairs are the same in other pieces",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        "_COLUMNS = 1 << 10  # customers per matrix product, whose numbers stay in the CPU cache",
    ): "products are the same in other pieces",
    (
        "src/abcxyz/core/dynamics/transition_counts.py",
        "_BLOCK = 1 << 16",
    ): "counts are the same in other pieces",
    (
        "src/abcxyz/core/landmarks/orders/order_history.py",
        "_MANY = 1 << 22  # lines after which the collected ones are reduced to days",
    ): "lines are reduced to days sooner or later",
    (
        "src/abcxyz/core/landmarks/orders/order_history.py",
        "_TABLE = 1 << 24  # cells of a table of positions by customer and day, 64 megabytes",
    ): "places are the same on either way",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "_SAMPLE = 1 << 16",
    ): "a cut is the same by a sample of another size",
    (
        "src/abcxyz/core/advice/risk_reasons.py",
        'if kind == "below":  ->  if kind <= "below":',
    ): "no other kind comes before it",
    (
        "src/abcxyz/core/advice/calls.py",
        "per_owner: int = 0,  ->  per_owner: int = -1,",
    ): "less than one call are all of them as well",
    (
        "src/abcxyz/core/prospects/logit.py",
        "_STEPS = 60",
    ): "the search ends before",
    (
        "src/abcxyz/core/prospects/logit.py",
        "_HALVINGS = 30",
    ): "a step is short enough before",
    (
        "src/abcxyz/core/prospects/logit.py",
        "_BLOCK = 1024  # rows of a product of matrices that threads would only slow down",
    ): "products are the same in other pieces",
    (
        "src/abcxyz/core/landmarks/orders/order_history.py",
        "_SPARSE = 16  # entries of a customer, on average, up to which all of them are counted",
    ): "places are the same on either way",
    (
        "src/abcxyz/core/landmarks/orders/order_history.py",
        "_FAR = 1 << 20  # more than any gap between two days",
    ): "another number beyond all gaps",
    (
        "src/abcxyz_onec/sales/customer_assignment.py",
        'dated = columns.document != ""  ->  dated = columns.document > ""',
    ): "no text comes before the empty one",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "abc = abc | (neither & (self.abc <= self.xyz))  ->  "
            "abc = abc ^ (neither & (self.abc <= self.xyz))"
        ),
    ): "never both",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "xyz = xyz | (neither & (self.xyz < self.abc))  ->  "
            "xyz = xyz ^ (neither & (self.xyz < self.abc))"
        ),
    ): "never both",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "abc = abc | (neither & (self.abc <= self.xyz))  ->  "
            "abc = abc + (neither & (self.abc <= self.xyz))"
        ),
    ): "never both",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "xyz = xyz | (neither & (self.xyz < self.abc))  ->  "
            "xyz = xyz + (neither & (self.xyz < self.abc))"
        ),
    ): "never both",
    (
        "src/abcxyz/core/snapshots/confidence.py",
        (
            "each = some if counted.shape[1] > 1 else slice(None)  ->  "
            "each = some if counted.shape[1] > 2 else slice(None)"
        ),
    ): "two are all in the first columns",
    (
        "src/abcxyz/core/analysis/customer_columns.py",
        (
            "scale = np.power(10.0, np.clip(digits, 0, 22))  ->  "
            "scale = np.power(10.0, np.clip(digits, 0, 21))"
        ),
    ): "no number has so many digits",
    (
        "src/abcxyz/core/analysis/customer_columns.py",
        (
            "scale = np.power(10.0, np.clip(digits, 0, 22))  ->  "
            "scale = np.power(10.0, np.clip(digits, 0, 23))"
        ),
    ): "no number has so many digits",
    (
        "src/abcxyz/core/analysis/customer_columns.py",
        (
            "scale = np.power(10.0, np.clip(digits, 0, 22))  ->  "
            "scale = np.power(10.0, np.clip(digits, -1, 22))"
        ),
    ): "no number has so many digits",
    (
        "src/abcxyz/core/analysis/summary.py",
        "label: 1 if cut > 0 else -1  ->  label: 1 if cut > -1 else -1",
    ): "a cut without end is far from either",
    (
        "src/abcxyz/core/analysis/summary.py",
        "label: 1 if cut > 0 else -1  ->  label: 1 if cut > 1 else -1",
    ): "a cut without end is far from either",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "low = int(np.searchsorted(below + spread, wanted)) - 1",
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        'high = int(np.searchsorted(below - spread, wanted, side="right")) + 1',
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "float(sample[low]) if low >= 0 else -math.inf,",
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "float(sample[high]) if high < len(sample) else math.inf,",
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "step = max(1, len(column.values) // min(_SAMPLE, len(column.values) // 16))",
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "scale = column.count / max(1, len(column.values[::step]))",
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "spread = np.sqrt(np.cumsum(weights**2)) * scale * _SIGMAS + scale * weights",
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/share_cuts.py",
        "_SIGMAS = 4.0",
    ): "a cut is the same by a range of another width, or by a full sort",
    (
        "src/abcxyz/core/classes/variation.py",
        "step = max(1, BLOCK // 2 // periods)",
    ): "coefficients are the same in other pieces",
    (
        "src/abcxyz/core/sales/documents.py",
        "if len(starts) == len(number):  ->  if len(starts) >= len(number):",
    ): "there are never more",
    (
        "src/abcxyz/core/sales/transactions.py",
        (
            'if set(map(type, ids)) <= {str, int} and "" not in ids:  ->  '
            'if set(map(type, ids)) < {str, int} and "" not in ids:'
        ),
    ): "each is looked at then, with the same result",
    (
        "src/abcxyz/core/sales/transactions.py",
        (
            'if set(map(type, ids)) <= {str, int} and "" not in ids:  ->  '
            'if set(map(type, ids)) is {str, int} and "" not in ids:'
        ),
    ): "each is looked at then, with the same result",
    (
        "src/abcxyz/core/sales/transactions.py",
        (
            'if set(map(type, ids)) <= {str, int} and "" not in ids:  ->  '
            'if set(map(type, ids)) == {str, int} and "" not in ids:'
        ),
    ): "each is looked at then, with the same result",
    (
        "src/abcxyz/core/sales/transactions.py",
        (
            "low, high = (self.customer.min(), self.customer.max()) if whole else (-1, -1)  ->  "
            "low, high = (self.customer.min(), self.customer.max()) if whole else (-1, 1)"
        ),
    ): "the first is asked for alone",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "pages = pages_of_window(rows, rows_per_page(client.page_bytes, max(1.0, each)))  ->  "
            "pages = pages_of_window(rows, rows_per_page(client.page_bytes, max( 2.0, each)))"
        ),
    ): "no row is as short",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "per_page = rows_per_page(client.page_bytes, max(1.0, each))  ->  "
            "per_page = rows_per_page(client.page_bytes, max( 2.0, each))"
        ),
    ): "no row is as short",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "pages = pages_of_window(rows, rows_per_page(client.page_bytes, max(1.0, each)))  ->  "
            "pages = pages_of_window(rows, rows_per_page(client.page_bytes, max( 0.0, each)))"
        ),
    ): "no row is as short",
    (
        "src/abcxyz_onec/sales/read_cost.py",
        (
            "per_page = rows_per_page(client.page_bytes, max(1.0, each))  ->  "
            "per_page = rows_per_page(client.page_bytes, max( 0.0, each))"
        ),
    ): "no row is as short",
    (
        "src/abcxyz/core/classes/rules.py",
        "if abs(total) > count << 53:  ->  if abs(total) > count << 52:",
    ): "floats between the two are whole numbers too",
    (
        "src/abcxyz/core/classes/classify.py",
        (
            "if not (cuts.first >= cuts.second or column.count == 0):  ->  "
            "if not (cuts.first >= cuts.second or column.count <= 0):"
        ),
    ): "no count is below zero",
    (
        "src/abcxyz/core/decomposition/rate_mix.py",
        (
            "rate0 = np.where(none0, 0 * one, x0) / np.where(none0, one, n0)  ->  "
            "rate0 = np.where(none0, 0 - one, x0) / np.where(none0, one, n0)"
        ),
    ): "the rate of the other side, or of no weight, is taken",
    (
        "src/abcxyz/core/decomposition/rate_mix.py",
        (
            "rate1 = np.where(none1, 0 * one, x1) / np.where(none1, one, n1)  ->  "
            "rate1 = np.where(none1, 0 - one, x1) / np.where(none1, one, n1)"
        ),
    ): "the rate of the other side, or of no weight, is taken",
    (
        "src/abcxyz/core/dynamics/core_metrics.py",
        (
            'core = (segment == SEGMENTS.index("AX")) | (segment == SEGMENTS.index("AY"))  ->  '
            'core = (segment == SEGMENTS.index("AX")) ^ (segment == SEGMENTS.index("AY"))'
        ),
    ): "nobody is in two segments",
}


#: The same wherever it stands: what it was, and what becomes of it -> why.
ANYWHERE: dict[tuple[str, str], str] = {
    ("reshape(-1)", "reshape(- 2)"): "numpy takes any negative size for the unknown one",
    ("reshape(-1)", "reshape(~1)"): "numpy takes any negative size for the unknown one",
    ("copy=False", "copy=True"): "a copy holds the same numbers",
}


def _is_equivalent(path: str, line: str) -> bool:
    before, _, after = line.partition("  ->  ")
    if any((path, one) in EQUIVALENT for one in (line, before)):
        return True
    return any(
        before[: one.start()] + new + before[one.end() :] == after
        for old, new in ANYWHERE
        for one in re.finditer(re.escape(old), before)
    )


def skipped_places(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the places of annotations and of imports for type checkers, which never run.

    And of the decorators within protocols, and of the ``*`` of a signature, which is no operator.
    """
    found: list[ast.expr | ast.stmt] = []
    stars = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.args.kwonlyargs and not node.args.vararg:
            before: list[ast.arg | ast.expr] = [*node.args.args, *node.args.defaults]
            end = max(((one.end_lineno or 0, one.end_col_offset or 0) for one in before),
                      default=(node.lineno, node.col_offset))  # fmt: skip
            first = node.args.kwonlyargs[0]
            stars.append((end, (first.lineno, first.col_offset)))
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns:
            found.append(node.returns)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found.append(node)
        elif isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
            named = [one for method in methods for one in method.decorator_list]
            stars += [((one.lineno, 0), (one.lineno + 1, 0)) for one in named]
    return stars + [
        ((one.lineno, one.col_offset), (one.end_lineno or one.lineno, one.end_col_offset or 0))
        for one in found
    ]


def mutants(room: Room, folder: Path) -> list[MutationSpec]:
    """List the changes of a room in an order that depends on the code alone."""
    files = room.files
    with use_db(folder / "mutants.sqlite", WorkDB.Mode.create) as database:
        init(files, database, {})
        listed = [item.mutations[0] for item in database.work_items]
    places = {path: skipped_places(path.read_text(encoding="utf-8")) for path in files}
    return sorted(
        (
            one
            for one in listed
            if not any(a <= one.start_pos < b for a, b in places[one.module_path])
        ),
        key=lambda one: (str(one.module_path), one.start_pos, one.operator_name, one.occurrence),
    )


def changed_line(before: str, after: str) -> str:
    """Return the first line that differs, as it was and as it is."""
    for one, other in zip(before.splitlines(), after.splitlines(), strict=False):
        if one != other:
            return f"{one.strip()}  ->  {other.strip()}"
    return "lines removed or added"


@frozen
class Tried:
    """A change and its fate."""

    place: str
    line: str
    killed: bool
    equivalent: bool


def _changed_code(before: str, change: MutationSpec) -> str | None:
    """Return a module with a change; None where it is no Python, or Cosmic Ray cannot make it."""
    operator = get_operator(change.operator_name)(**change.operator_args)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            after: str | None = mutate_code(before, operator, change.occurrence)
            compile(after or "?", "mutant", "exec")
        # Of several exceptions, one with a dotted name stops Cosmic Ray.
        except (AttributeError, SyntaxError, SyntaxWarning):
            return None
    return after


def noticed(near: NearTests, change: MutationSpec) -> tuple[bool, str] | None:
    """Return whether a test of the room fails with a change, and the line; None: not made."""
    path = change.module_path
    before, written = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
    after = _changed_code(before, change)
    if after is None:
        return None
    tests = near.of_line(path, change.start_pos[0])
    # A change is seen by tests that run it; of others only where something is kept in between.
    others = set(near.quick(near.of_module(path) - tests, OTHERS))
    elsewhere = near.quick({*near.starting} - tests - others, OTHERS)
    stages = (*near.in_stages(tests), others, elsewhere)
    try:
        path.write_text(after, encoding="utf-8")
        return not all(near.pass_in_time(one) for one in stages), changed_line(before, after)
    finally:
        path.write_text(before, encoding="utf-8")
        # Bytecode that a test's process made of the change counts as that of another time.
        os.utime(path, ns=(written, written))


def tried(near: NearTests, order: Sequence[MutationSpec]) -> Iterator[Tried]:
    """Try the changes in turn, except those that cannot be made."""
    for one in order:
        answer = noticed(near, one)
        if answer is not None:
            killed, line = answer
            known = _is_equivalent(str(one.module_path), line)
            yield Tried(
                f"{one.module_path}:{one.start_pos[0]}", line, killed, known and not killed
            )


def summary(done: Sequence[Tried]) -> str:
    """Count the killed and the survivors; what is equivalent is not counted."""
    counted = [one for one in done if not one.equivalent]
    killed = sum(one.killed for one in counted)
    share = killed / max(len(counted), 1)
    left = len(done) - len(counted)
    return f"killed {killed} of {len(counted)}, {share:.0%}; equivalent {left}; drawn {len(done)}"


def load_before(room: Room) -> None:
    """Import what each process that tries a change would import anew.

    Raises
    ------
    SystemExit
        A module of the room is imported already: changes of it would not be seen.
    """
    for name in room.before:
        importlib.import_module(name)
    files = {str(one.resolve()) for one in room.files}
    seen = [name for name, one in sys.modules.items() if getattr(one, "__file__", None) in files]
    if seen:
        raise SystemExit(f"{', '.join(seen)}: imported before the changes")


def examples(code: Sequence[Path]) -> list[str]:
    """Return the tests that run the examples in the docstrings of modules."""
    parts = [one.relative_to("src").with_suffix("").parts for one in code]
    names = [".".join(one).removesuffix(".__init__") for one in parts]
    return [f"tests/test_docs.py::test_examples_of_the_docstrings_run[{one}]" for one in names]


def near_tests(room: Room, folder: Path) -> NearTests:
    """Run the tests of a room once; those of rooms with the same tests run once for all."""
    code = [file for one in ROOMS.values() if one.tests == room.tests for file in one.files]
    name = hashlib.sha256(" ".join(room.tests).encode()).hexdigest()[:16]
    return recorded(code, [*room.tests, *examples(code)], folder / f"{name}.json")


def main() -> int:
    """Draw a sample, try it, print the survivors and the share of the killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="changes to try in all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample")
    parser.add_argument("--room", choices=ROOMS, action="append", help="only this one")
    parser.add_argument("--folder", type=Path, required=True, help="for the list of changes")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # In this order what is imported before one room is imported by none of the rooms before it.
    chosen = [one for one in ROOMS if one in (options.room or ROOMS)]
    options.folder.mkdir(parents=True, exist_ok=True)
    done: list[Tried] = []
    for name in chosen:
        room = ROOMS[name]
        load_before(room)
        near = near_tests(room, options.folder)
        order = mutants(room, options.folder)
        random.Random(f"{options.seed} {name}").shuffle(order)
        of_room: list[Tried] = []
        for one in islice(tried(near, order), -(-options.count // len(chosen))):
            fate = "killed" if one.killed else "equivalent" if one.equivalent else "SURVIVED"
            print(f"{fate:10} {name}: {one.place}: {one.line}", flush=True)
            of_room.append(one)
        print(f"{name}: {summary(of_room)} of {len(order)}", flush=True)
        done += of_room
    print(f"all: {summary(done)}")
    counted = [one for one in done if not one.equivalent]
    return 0 if sum(one.killed for one in counted) >= LEAST * len(counted) else 1


if __name__ == "__main__":
    raise SystemExit(main())
