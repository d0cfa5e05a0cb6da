"""Compiled templates beside their sources, where Python keeps those of modules."""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from importlib import resources
from importlib.util import cache_from_source
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

import jinja2

from abcxyz.errors import AdapterError
from abcxyz.toolkit.files import write_atomic

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

__all__ = ["CompiledTemplates"]


_DAMAGED = (OSError, EOFError, ValueError, UnpicklingError)


class CompiledTemplates(jinja2.BytecodeCache):
    """Cache of the compiled templates of a package, in its folder ``__pycache__``.

    Compiling them takes longer than writing a small page. As for modules, nothing is written
    where Python may not (``PYTHONDONTWRITEBYTECODE``) or the folder cannot be written.

    Parameters
    ----------
    package
        Package with the templates.
    """

    def __init__(self, package: str) -> None:
        self._folder = resources.files(package)

    def _path(self, bucket: Bucket) -> Path | None:
        if not isinstance(self._folder, Path):  # a package in an archive
            return None
        name = f"{bucket.key}.{_options(bucket.environment)}.py"
        place = Path(cache_from_source(str(self._folder / name)))
        return place.with_suffix(".jinja")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code, if it is that of the same source and version of Jinja2."""
        path = self._path(bucket)
        if path is not None:
            with suppress(*_DAMAGED), path.open("rb") as file:
                bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the code for other processes."""
        path = self._path(bucket)
        if path is not None and not sys.dont_write_bytecode:
            with suppress(AdapterError):
                write_atomic(path, bucket.bytecode_to_string())


def _options(environment: jinja2.Environment) -> str:
    """Return a digest of the options on which the compiled code depends."""
    options = (
        environment.autoescape,
        environment.trim_blocks,
        environment.lstrip_blocks,
        sorted(environment.extensions),
    )
    return hashlib.sha256(repr(options).encode()).hexdigest()[:12]
