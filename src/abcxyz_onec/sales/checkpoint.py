"""Checkpoint on disk: resumes an interrupted read."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from abcxyz.toolkit import write_atomic
from abcxyz_onec.sales.lines import LineColumns

__all__ = ["Checkpoint"]

_FORMAT = 1
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

    def save(self, part: str, since: date, until: date, columns: list[LineColumns]) -> None:
        """Write a part, atomically."""
        folder = self._folder / part
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        arrays: dict[str, Any] = {}
        for index, each in enumerate(columns):
            # References are ASCII, and numpy strings take four bytes a character.
            arrays |= {
                f"{name}.{index}": array.astype(np.bytes_) if array.dtype.kind == "U" else array
                for name, array in each.arrays().items()
            }
        file = folder / f"{since}_{until}.npz"
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

    def load(self, file: Path) -> list[LineColumns] | None:
        """Read a part; None when the file is damaged."""
        try:
            # np.load with a path leaves a damaged file open.
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                count = len(arrays.files) // 6
                columns = []
                for index in range(count):
                    fields = {
                        name.partition(".")[0]: arrays[name]
                        for name in arrays.files
                        if name.endswith(f".{index}")
                    }
                    for name in ("token", "document"):
                        fields[name] = fields[name].astype(np.str_)
                    columns.append(LineColumns(**fields))
                return columns
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None

    def clear(self) -> None:
        """Delete all parts, once the whole is read."""
        for file in self._folder.glob("*/*"):
            file.unlink(missing_ok=True)
        for folder in [*self._folder.glob("*"), self._folder]:
            if folder.is_dir():
                folder.rmdir()
