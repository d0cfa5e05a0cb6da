"""Checkpoint on disk: an interrupted reading is resumed where it stopped."""

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
    """Parts of one read.

    Parameters
    ----------
    folder
        Of all checkpoints; made when it is not there, for its owner alone.
    about
        What is being read; parts of anything else are not touched.
    now
        POSIX time.
    hours
        Parts older than this are read again: who knows what was changed since.
    """

    def __init__(
        self, folder: Path, about: Mapping[str, object], *, now: float, hours: float = 24.0
    ) -> None:
        text = json.dumps([_FORMAT, dict(about)], sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        self._folder = folder / f"onec-read-{name}"
        self._oldest = now - hours * 3600

    def keep(self, part: str, since: date, until: date, columns: list[LineColumns]) -> None:
        """Write a part, whole or not at all."""
        folder = self._folder / part
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        arrays: dict[str, Any] = {}
        for place, each in enumerate(columns):
            # References are plain letters; four bytes for each would be a waste.
            arrays |= {
                f"{name}.{place}": array.astype(np.bytes_) if array.dtype.kind == "U" else array
                for name, array in each.arrays().items()
            }
        file = folder / f"{since}_{until}.npz"
        write_atomic(file, lambda stream: np.savez(stream, **arrays), private=True)

    def parts(self, part: str) -> list[tuple[date, date, Path]]:
        """List what is kept of *part* and still good, the earliest first."""
        found = []
        for file in sorted((self._folder / part).glob("*.npz")):
            match = _NAME.fullmatch(file.name)
            if match and file.stat().st_mtime >= self._oldest:
                found.append((date.fromisoformat(match[1]), date.fromisoformat(match[2]), file))
        return found

    def load(self, file: Path) -> list[LineColumns] | None:
        """Read a part; a damaged one counts as none."""
        try:
            # numpy leaves a file open that turns out to be torn, so it gets an open one.
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                count = len(arrays.files) // 6
                columns = []
                for place in range(count):
                    found = {
                        name.partition(".")[0]: arrays[name]
                        for name in arrays.files
                        if name.endswith(f".{place}")
                    }
                    for name in ("token", "document"):
                        found[name] = found[name].astype(np.str_)
                    columns.append(LineColumns(**found))
                return columns
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None

    def clear(self) -> None:
        """Drop all parts: the whole is read."""
        for file in self._folder.glob("*/*"):
            file.unlink(missing_ok=True)
        for folder in [*self._folder.glob("*"), self._folder]:
            if folder.is_dir():
                folder.rmdir()
