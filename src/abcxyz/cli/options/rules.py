"""Rules of classification as they are written on the command line."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.classes.rules import Rule

__all__ = ["parse_abc", "parse_xyz"]


def parse_abc(written: str) -> Rule:
    """Read an ABC rule: ``tangent``, ``cumulative-mean``, ``shares:0.80,0.95``, ….

    Raises
    ------
    InputError
        The rule is unknown, or its numbers are wrong.

    Examples
    --------
    >>> parse_abc("shares:0.80,0.95")
    Shares(a=0.8, b=0.95)
    """
    from abcxyz.core.classes.rules import CountShares, CumulativeMean, Limits, Shares, Tangent

    return _parse(
        written,
        "--abc",
        plain={"tangent": Tangent, "cumulative-mean": CumulativeMean},
        numbered={"shares": Shares, "count-shares": CountShares, "limits": Limits},
        # Limits in money have no sensible default.
        bare=("shares", "count-shares"),
    )


def parse_xyz(written: str) -> Rule:
    """Read an XYZ rule: ``tangent``, ``cumulative-mean`` or ``limits:0.10,0.25``.

    Raises
    ------
    InputError
        The rule is unknown, or its numbers are wrong.
    """
    from abcxyz.core.classes.rules import CumulativeMean, Limits, Tangent

    return _parse(
        written,
        "--xyz",
        plain={"tangent": Tangent, "cumulative-mean": CumulativeMean},
        numbered={"limits": Limits},
        bare=("limits",),
    )


def _parse(
    written: str,
    option: str,
    *,
    plain: dict[str, Callable[[], Rule]],
    numbered: dict[str, Callable[..., Rule]],
    bare: tuple[str, ...],
) -> Rule:
    name, colon, numbers = written.strip().lower().replace("_", "-").partition(":")
    plain_now = MappingProxyType({**plain, **{key: numbered[key] for key in bare}})
    if not colon and name in plain_now:
        return plain_now[name]()
    if name in numbered:
        parts = numbers.split(",")
        try:
            first, second = (float(part) for part in parts)
        except ValueError:
            raise InputError(
                "{option} {written!r} needs two numbers, such as {name}:{example}",
                option=option,
                written=written,
                name=name,
                example="0.10,0.25" if option == "--xyz" else "0.80,0.95",
            ) from None
        return numbered[name](first, second)
    known = [*plain, *(f"{key}:FIRST,SECOND" for key in numbered)]
    raise InputError(
        "{option} {written!r} is unknown; use one of {known}",
        option=option,
        written=written,
        known=", ".join(known),
    )
