"""Reader of profiles: built-in ones and TOML files."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import attrs

from abcxyz.errors import ConfigError
from abcxyz.toolkit.known_names import check_known
from abcxyz.toolkit.parsing import parse_toml
from abcxyz_onec.profiles.schema import (
    Basis,
    Counterparties,
    Currency,
    Document,
    Keys,
    Partners,
    Profile,
    Register,
    Targets,
)

__all__ = ["BUILT_IN", "load"]

BUILT_IN = ("ut11", "unf", "bp")

T = TypeVar("T")


def _build(kind: type[T], table: object, place: str) -> T:
    """Build a record from a TOML table; an unknown key is an error."""
    if not isinstance(table, Mapping):
        raise ConfigError("{place} of the profile must be a table", place=place)
    check_known(
        "{place} of the profile has the key {key!r}; it may have {known}",
        key=table,
        known=[each.name for each in attrs.fields(kind)],  # type: ignore[arg-type]
        place=place,
    )
    try:
        return kind(**table)
    except ConfigError:
        raise
    except (TypeError, ValueError) as problem:
        raise ConfigError(
            "{place} of the profile is not complete or not right ({problem})",
            place=place,
            problem=str(problem).splitlines()[0],
        ) from None


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in changes.items():
        old = out.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        out[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return out


def load(name: str | PathLike[str], names: Mapping[str, Any] | None = None) -> Profile:
    """Read a profile.

    Parameters
    ----------
    name
        One of `BUILT_IN`, or the path of a TOML file; a file with ``base = "ut11"`` needs only
        the names that differ.
    names
        Names of this job that replace those of the profile, table by table.

    Raises
    ------
    ConfigError
        There is no such profile, or it has an unknown key.

    Examples
    --------
    >>> changed = load("unf", {"sales": {"register": {"revenue": "СуммаБезНДС"}}})
    >>> changed.sales.register.revenue
    ('СуммаБезНДС',)
    """
    text = str(name)
    # A job resolves *profile* as a path relative to itself, the name of a built-in one too.
    built_in = Path(text).name in BUILT_IN and not Path(text).exists()
    table = _merged(_table(Path(text).name if built_in else text), names or {})
    table.pop("base", None)
    parts: dict[str, Any] = {
        "partner": Partners,
        "counterparty": Counterparties,
        "keys": Keys,
        "currency": Currency,
        "targets": Targets,
    }
    built: dict[str, Any] = {}
    for key, value in table.items():
        if key in parts:
            built[key] = _build(parts[key], value, f"[{key}]")
        elif key in ("sales", "payments"):
            built[key] = _basis(value, key)
        else:
            built[key] = value
    return _build(Profile, built, "the top")


def _basis(table: object, place: str) -> Basis:
    if not isinstance(table, Mapping):
        raise ConfigError("{place} of the profile must be a table", place=f"[{place}]")
    built = dict(table)
    if "register" in built:
        built["register"] = _build(Register, built["register"], f"[{place}.register]")
    if "documents" in built:
        each = built["documents"]
        each = each if isinstance(each, list) else [each]
        built["documents"] = tuple(_build(Document, one, f"[[{place}.documents]]") for one in each)
    return _build(Basis, built, f"[{place}]")


def _table(name: str) -> dict[str, Any]:
    if name in BUILT_IN:
        file = resources.files("abcxyz_onec") / "profiles" / f"{name}.toml"
        return parse_toml(file.read_text(encoding="utf-8"))
    try:
        table = parse_toml(Path(name).read_text(encoding="utf-8-sig"))
    except OSError:
        raise ConfigError(
            "there is no profile {name!r}; use one of {known}, or the path of a TOML file",
            name=name,
            known=", ".join(BUILT_IN),
        ) from None
    except ValueError as problem:
        raise ConfigError(
            "the profile {name!r} is not TOML ({problem}); correct that line",
            name=name,
            problem=str(problem),
        ) from None
    base = table.get("base")
    return _merged(_table(str(base)), table) if base in BUILT_IN else table
