"""Reading of members in this process, or in several."""

from __future__ import annotations

import multiprocessing
import os
import threading
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from multiprocessing.connection import wait
from pathlib import Path

from attrs import frozen

from abcxyz.companies.fns.archives import read_archive_member, sha256_of
from abcxyz.companies.fns.members import Member, MemberError

__all__ = ["Task", "TaskResult", "run_task", "run_tasks"]

_WAITING = 2  # tasks per process that are handed out ahead; bounds the memory of their results


@frozen
class Task:
    """Members of a file to read; without members, the file whose checksum is needed."""

    place: int
    path: Path
    dataset: str
    members: tuple[str, ...]


@frozen
class TaskResult:
    """Members that were read, and name and reason of those that were skipped."""

    place: int
    members: tuple[Member, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    sha256: str = ""


def run_task(task: Task) -> TaskResult:
    """Read the members of a task."""
    if not task.members:
        return TaskResult(task.place, sha256=sha256_of(task.path))
    archive = _open(task.path)
    members: list[Member] = []
    skipped: list[tuple[str, str]] = []
    for name in task.members:
        try:
            members.append(read_archive_member(archive, name, task.dataset))
        except MemberError as problem:
            skipped.append((name, str(problem)))
    return TaskResult(task.place, tuple(members), tuple(skipped))


@lru_cache(maxsize=1)
def _open(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def run_tasks(tasks: Iterable[Task], processes: int) -> Iterator[TaskResult]:
    """Run tasks and yield their results in order.

    Parameters
    ----------
    tasks
        The tasks.
    processes
        Number of processes; with 1, this one does the work.
    """
    if processes <= 1:
        try:
            yield from map(run_task, tasks)
        finally:
            _open.cache_clear()
        return
    # A copy of a process with threads may hang; a new one does not.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_end_with_parent) as pool:
        waiting: deque[Future[TaskResult]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(run_task, task))
                if len(waiting) >= _WAITING * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _end_with_parent() -> None:
    """End this process when the one that started it has been killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
