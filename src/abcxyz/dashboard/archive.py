"""Past results of a job, restored from its history."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from abcxyz._arrays import freeze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.analysis.restore import restored_analysis
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import HistoryError, InputError
from abcxyz.history import History, SnapshotInfo
from abcxyz.report.customers import Facts

__all__ = ["Archive", "with_previous"]

_KEPT = 3  # results in memory: each holds all customers


class Archive:
    """Past results of one job by one setting, safe to use from several threads.

    Parameters
    ----------
    history
        File of snapshots, which need not be there.
    job
        Name of the job; None for that of the newest snapshot.
    fingerprint
        Of the settings; None for those of the newest snapshot.
    names
        Customer -> name, which the history does not hold.
    """

    def __init__(
        self,
        history: Path,
        *,
        job: str | None = None,
        fingerprint: str | None = None,
        names: Mapping[Any, str] | None = None,
    ) -> None:
        self.history, self._job, self._fingerprint = history, job, fingerprint
        self._names = names or {}
        self._facts: OrderedDict[int, Facts] = OrderedDict()
        self._lock = threading.RLock()

    def infos(self) -> tuple[SnapshotInfo, ...]:
        """Return the snapshots of the job and its settings, the oldest first."""
        if not self.history.is_file():
            return ()
        with History(self.history, read_only=True) as history:
            stored = history.snapshots_of(self._job)
        if self._fingerprint is not None:
            return tuple(one for one in stored if one.fingerprint == self._fingerprint)
        return tuple(
            one
            for one in stored
            if (one.job, one.fingerprint) == (stored[-1].job, stored[-1].fingerprint)
        )

    def info(self, dated: date) -> SnapshotInfo:
        """Return the snapshot of a date.

        Raises
        ------
        HistoryError
            There is none.
        """
        stored = self.infos()
        for one in stored:
            if one.dated == dated:
                return one
        raise HistoryError(
            "{file} holds no snapshot of {dated}; it holds {known}",
            file=str(self.history),
            dated=dated,
            known=", ".join(str(one.dated) for one in stored) or "-",
        )

    def snapshot(self, dated: date) -> Snapshot:
        """Read the snapshot of a date; errors as in `info`."""
        info = self.info(dated)
        with History(self.history, read_only=True) as history:
            return history.load(info)

    def facts(self, dated: date) -> Facts:
        """Return the result of a date.

        Raises
        ------
        HistoryError
            There is none, or it is damaged.
        InputError
            The history holds no sales of that date.
        """
        info = self.info(dated)
        with self._lock:
            known = self._facts.get(info.number)
            if known is None:
                known = Facts(self._restored(info))
                # Drawing the months again takes seconds: on past dates no letter is in question.
                known.doubtful = freeze(np.zeros(len(known.order), dtype=np.int8))
                self._facts[info.number] = known
                while len(self._facts) > _KEPT:
                    self._facts.popitem(last=False)
            self._facts.move_to_end(info.number)
            return known

    def _restored(self, info: SnapshotInfo) -> Analysis:
        stored = self.infos()
        before = [one for one in stored if one.dated < info.dated]
        year = [one for one in stored if one.window.until == info.window.since]
        with History(self.history, read_only=True) as history:
            snapshot, details = history.load(info), history.details(info)
            if details is None:
                raise InputError(
                    "the history holds no sales of {dated}; add them with abcxyz backfill --from "
                    "{month}",
                    dated=info.dated,
                    month=f"{info.dated:%Y-%m}",
                )
            previous = history.load(before[-1]) if before else None
            earlier = _panel(history, year[-1]) if year else None
            key = info.fingerprint
            past = history.past_results(key, job=info.job, until=info.dated)
            newest = info == stored[-1]
            panel = evolve(details.panel(snapshot), earlier=earlier)
            record = history.alert_record(key, job=info.job, panel=panel) if newest else None
        shared = {owner: {"owner": owner} for owner in set(details.owners)}
        owners = zip(snapshot.customers.tolist(), details.owners, strict=True)
        restored = restored_analysis(
            snapshot,
            panel,
            previous=previous,
            earlier=earlier,
            names=self._names,
            attributes={who: shared[owner] for who, owner in owners if owner},
        )
        hours = past[-1].hours if past else None
        return evolve(restored, past=past, record=record, hours=hours)


def _panel(history: History, info: SnapshotInfo) -> Panel | None:
    details = history.details(info)
    return None if details is None else details.panel(history.load(info))


def with_previous(facts: Facts, previous: Snapshot) -> Facts:
    """Return the facts of a result compared with another snapshot."""
    analysis = evolve(facts.analysis, previous=previous)
    return Facts(evolve(analysis, transitions=analysis.moves()))
