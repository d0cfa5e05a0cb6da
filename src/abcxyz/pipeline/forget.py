"""Erasure of a customer from the history and from the files of a job's adapters."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from abcxyz.config import Job
from abcxyz.errors import AbcxyzError
from abcxyz.pipeline.failures import adapter_failure, redacted
from abcxyz.pipeline.prepare import built, job_lock
from abcxyz.plugins import CustomerEraser
from abcxyz.registry import Registry

__all__ = ["forget"]


def forget(
    customer: str,
    *,
    history: Path | None,
    job: Job | None = None,
    dry_run: bool = False,
    registry: Registry | None = None,
) -> Mapping[str, Mapping[str, int]]:
    """Erase a customer from everything that is kept between runs.

    Parameters
    ----------
    customer
        Identifier of the customer, as in the snapshots.
    history
        File of the snapshots; None, or an absent file, for none.
    job
        Job whose adapters keep files.
    dry_run
        Only count.
    registry
        Registry of the adapters; the installed ones by default.

    Returns
    -------
    mapping
        File -> kind of entry -> number.

    Raises
    ------
    HistoryError
        The history is damaged or cannot be written.
    UnavailableError
        The job is running.
    AdapterError
        An adapter cannot erase the customer; what others keep was erased.
    """
    erased: dict[str, Mapping[str, int]] = {}
    with contextlib.nullcontext() if job is None else job_lock(job.path):
        if history is not None and history.is_file():
            from abcxyz.history import History

            with History(history) as opened:
                erased[str(history)] = opened.erase(customer, dry_run=dry_run)
        if job is not None:
            erased |= _in_adapters(customer, job, registry, dry_run=dry_run)
    return erased


def _in_adapters(
    customer: str, job: Job, registry: Registry | None, *, dry_run: bool
) -> dict[str, Mapping[str, int]]:
    erased: dict[str, Mapping[str, int]] = {}
    failures: list[AbcxyzError] = []
    with built(job, registry) as (adapters, redactor):
        for part, adapter in adapters:
            if not isinstance(adapter, CustomerEraser):
                continue
            try:
                for file, count in adapter.erase_customer(customer, dry_run=dry_run).items():
                    erased[redactor.text(file)] = {"entries": count}
            except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
                failures.append(redacted(adapter_failure(part, problem, redactor), redactor))
    if failures:
        raise failures[0]
    return erased
