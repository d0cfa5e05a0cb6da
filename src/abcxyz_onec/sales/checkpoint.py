"""Checkpoint on disk: resumes an interrupted read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from abcxyz.toolkit import write_atomic
from abcxyz_onec.sales.lines import LineColumns
from abcxyz_onec.sales.reader import Part

__all__ = ["Checkpoint"]

_FORMAT = 2
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)\.npz")


class Checkpoint:
    """Stored parts of one read.

    Parameters
    ----------
    folder
        Folder of all checkpoints; created with access for its owner only.
    about
        Description of the read; parts of other reads are not used.
    now
        POSIX time, in seconds.
    hours
        Age after which parts are read again, as data may have changed since.
    """

    def __init__(
        self, folder: Path, about: Mapping[str, object], *, now: float, hours: float = 24.0
    ) -> None:
        text = json.dumps([_FORMAT, dict(about)], sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self._folder = folder / f"onec-read-{name}"
        self._oldest = now - hours * 3600

    def save(self, part: str, stretch: Part) -> None:
        """Write a stretch of a part, atomically; it replaces those within its days."""
        folder = self._folder / part
        folder.parent.parent.mkdir(parents=True, exist_ok=True)
        for one in (folder.parent, folder):  # the mode is that of the last folder only
            one.mkdir(exist_ok=True, mode=0o700)
        for since, until, file in self.parts(part):
            if stretch.since <= since and until <= stretch.until:
                file.unlink(missing_ok=True)
        arrays: dict[str, Any] = {"rows": np.array(stretch.rows), "last": np.array(stretch.last)}
        for index, each in enumerate(stretch.results):
            arrays |= {f"{name}.{index}": a for name, a in each.packed().arrays().items()}
        file = folder / f"{stretch.since}_{stretch.until}.npz"
        write_atomic(file, lambda stream: np.savez(stream, **arrays), private=True)

    def parts(self, part: str) -> list[tuple[date, date, Path]]:
        """Return the stored stretches of *part* that are recent enough, earliest first."""
        stretches = []
        for file in sorted((self._folder / part).glob("*.npz")):
            match = _NAME.fullmatch(file.name)
            if match and file.stat().st_mtime >= self._oldest:
                stretches.append(
                    (date.fromisoformat(match[1]), date.fromisoformat(match[2]), file)
                )
        return stretches

    def load(self, file: Path) -> tuple[list[LineColumns], int, str] | None:
        """Read the columns, the rows and the last key of a stretch; None for a damaged file."""
        try:
            # np.load with a path leaves a damaged file open.
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                count = len(arrays.files) // 6  # besides the rows and the last key
                columns = []
                for index in range(count):
                    fields = {
                        name.partition(".")[0]: arrays[name]
                        for name in arrays.files
                        if name.endswith(f".{index}")
                    }
                    columns.append(LineColumns(**fields))
                    if len({len(each) for each in fields.values()}) > 1:
                        return None
                return columns, int(arrays["rows"]), str(arrays["last"])
        except Exception:  # noqa: BLE001 - numpy and zipfile raise nearly anything for damage
            return None

    def clear(self) -> None:
        """Delete all parts, once the whole is read."""
        for file in self._folder.glob("*/*"):
            file.unlink(missing_ok=True)
        for folder in [*self._folder.glob("*"), self._folder]:
            if folder.is_dir():
                folder.rmdir()
