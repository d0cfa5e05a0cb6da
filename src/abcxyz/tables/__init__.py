"""Files of sales: reading, checking, inspection."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abcxyz.tables.inspection.record import Inspection

__all__ = ["inspect"]


def inspect(path: str | PathLike[str], **options: Any) -> Inspection:
    """Tell what was understood of a file of sales, without classifying.

    Parameters, result and errors are those of `abcxyz.tables.inspection.inspect_file`.
    """
    # Loaded when it is called, because all other modules of the package load this one.
    from abcxyz.tables.inspection.inspect_file import inspect_file

    return inspect_file(path, **options)
