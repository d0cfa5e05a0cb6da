"""Options for the shape of a table."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from abcxyz.errors import InputError

__all__ = ["AS_FOUND", "OFF", "ShapeOptions"]

_MOST_HEADER_ROWS = 5


def _names(names: str | Iterable[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    if isinstance(names, str):
        names = [names]
    return tuple(names)


@frozen(kw_only=True)
class ShapeOptions:
    """How to read a table whose shape cannot be guessed.

    Parameters
    ----------
    skip_rows
        Lines above the heading that are skipped; None finds the heading.
    header_rows
        Rows of the heading, from 1 to 5; None finds it.
    fill_down
        Columns whose blank cells hold the value above; ``no`` fills none, None decides.
    melt
        Columns that each hold the sales of one period, by their headings, or ``first:last``;
        ``no`` leaves them as they are, None decides.

    Raises
    ------
    InputError
        A number is out of range.
    """

    skip_rows: int | None = None
    header_rows: int | None = None
    fill_down: tuple[str, ...] | None = field(default=None, converter=_names)
    melt: tuple[str, ...] | None = field(default=None, converter=_names)

    def __attrs_post_init__(self) -> None:
        for name, value, least, most in (
            ("skip_rows", self.skip_rows, 0, 1_000_000),
            ("header_rows", self.header_rows, 1, _MOST_HEADER_ROWS),
        ):
            if value is not None and not least <= value <= most:
                raise InputError(
                    "{name} is {value}; give a number from {least} to {most}",
                    name=name,
                    value=value,
                    least=least,
                    most=most,
                )


OFF = ("no",)
"""Value of an option that switches a recognition off."""

AS_FOUND = ShapeOptions()
"""Every shape is recognised, where it can be."""
