"""Preparation of a job: build its adapters, read its playbook and scorecard."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from attrs import frozen

from abcxyz.config import Adapters, Job, build
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.playbook import Playbook
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.registry import Registry, load
from abcxyz.tables.loaders import read_playbook, read_scorecard
from abcxyz.toolkit.redaction import Redactor

__all__ = ["Advice", "built"]


@frozen
class Advice:
    """Advice of a job: playbook, alert thresholds, scorecard."""

    playbook: Playbook | None
    alerts: AlertRules
    card: Scorecard

    @classmethod
    def of(cls, job: Job) -> Advice:
        """Read the files that the job names.

        Raises
        ------
        ConfigError
            One of them cannot be read.
        """
        return cls(
            None if job.playbook is None else read_playbook(job.playbook),
            job.alerts,
            read_scorecard(job.scorecard),
        )


@contextlib.contextmanager
def built(job: Job, registry: Registry | None = None) -> Iterator[tuple[Adapters, Redactor]]:
    """Build the adapters of a job for the duration of a ``with`` statement, then close them.

    Yields
    ------
    tuple
        The adapters, and a redactor of the secrets they were built with.
    """
    adapters = build(job, load() if registry is None else registry)
    try:
        yield adapters, Redactor(adapters.secrets)
    finally:
        adapters.close()
