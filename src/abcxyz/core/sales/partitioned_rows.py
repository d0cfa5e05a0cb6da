"""Rows of several batches, dealt out to ranges of customers, until they are added up."""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Ints, Numbers, freeze
from abcxyz.loops.threads import run_parts

__all__ = ["LARGE", "PartitionedRows"]

LARGE = 1 << 23
"""Bytes of all sums from which dealing the rows out saves time."""

_PARTITION = 1 << 19  # bytes of sums that stay in the CPU cache
_MOST = 11  # partitions as a power of two: more could not be filled side by side
_RECORD = 16  # bytes


class PartitionedRows:
    """Rows that wait to be added to sums too large for the CPU cache.

    They need two fifths of the memory of the sums, so that these are passed over once for several
    batches.
    """

    def __init__(self, kernel: ModuleType, threads: int) -> None:
        self._kernel, self._threads = kernel, threads
        self._records: npt.NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._starts: list[Ints] = []
        self._used = self.power = 0

    def __len__(self) -> int:
        return self._used

    def room(self, size: int, sums: int) -> int:
        """Return for how many more rows there is room; the rows have to be added up at 0.

        Parameters
        ----------
        size
            Number of customers.
        sums
            Bytes of their sums.
        """
        power = max((_PARTITION * size // sums).bit_length() - 1, 1)
        power = max(power, size.bit_length() - _MOST)
        if self._used and power != self.power:
            return 0
        if not self._used:
            self.power, rows = power, max(sums * 2 // 5 // _RECORD, 1)
            if rows > len(self._records):
                self._records = np.empty((rows, 2), np.int64)
        return len(self._records) - self._used

    def add(
        self,
        code: npt.NDArray[Any],
        low: int,
        size: int,
        day: Ints,
        money: Numbers,
        amount: Numbers,
        since: int,
    ) -> None:
        """Add rows, as many as there is room for; parameters as of `abcxyz.loops.partitions`."""
        kernel, power, threads = self._kernel, self.power, self._threads
        edges = [len(code) * part // threads for part in range(threads + 1)]
        rows = [slice(*edge) for edge in pairwise(edges)]
        counts = np.zeros((threads, ((size - 1) >> power) + 1), np.int64)
        run_parts(
            lambda part: kernel.count_rows(code[rows[part]], low, power, counts[part]), threads
        )
        # Partition by partition, and in each of them thread by thread.
        ends = np.cumsum(counts.T.reshape(-1)).reshape(counts.T.shape).T + self._used
        places = np.ascontiguousarray(ends - counts)
        starts = np.append(places[0], self._used + len(code))
        moved = self._records.view(money.dtype)
        run_parts(
            lambda part: kernel.deal_rows(
                code[rows[part]], low, day[rows[part]], money[rows[part]], amount[rows[part]],
                since, power, places[part], self._records, moved,
            ),
            threads,
        )  # fmt: skip
        self._starts.append(starts)
        self._used += len(code)

    def take(self) -> tuple[npt.NDArray[np.int64], Ints]:
        """Return the records and the starts of the partitions of every batch, and forget them."""
        most = max(map(len, self._starts))
        # Later batches may have more customers.
        starts = [np.append(one, np.full(most - len(one), one[-1])) for one in self._starts]
        self._starts, self._used = [], 0
        return self._records, np.array(starts)

    def order_days(self, records: npt.NDArray[np.int64], starts: Ints) -> tuple[Ints, Ints]:
        """Return row number and day, from the start of the lookback, of every sale."""
        kernel = self._kernel
        first, last = int(starts[0, 0]), int(starts[-1, -1])
        words = records[first:last, 0]
        base = np.repeat(
            np.tile(np.arange(starts.shape[1] - 1), len(starts)), np.diff(starts).ravel()
        )
        code = (base << self.power) + (words >> kernel.CUSTOMER)
        sale = words & 1 > 0
        return code[sale], (words >> kernel.DAY & 0xFFFFFFFF)[sale]

    def add_up(
        self,
        records: npt.NDArray[np.int64],
        starts: Ints,
        bounds: tuple[int, ...],
        lookup: npt.NDArray[Any],
        buckets: int,
        *,
        counted: bool,
        by_line: bool,
        grid: Numbers,
        value: Numbers,
        facts: npt.NDArray[np.int32],
        bits: npt.NDArray[np.uint64],
        words: int,
    ) -> None:
        """Add rows to the sums, as ``add_partitions`` of `abcxyz.loops.partitions` does."""
        run_parts(
            lambda part: self._kernel.add_partitions(
                part, self._threads, records, records.view(grid.dtype), starts, self.power,
                bounds, freeze(lookup), buckets, counted, by_line, grid, value, facts, bits, words,
            ),
            self._threads,
        )  # fmt: skip
