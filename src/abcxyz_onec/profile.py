"""Where a configuration of 1C keeps its sales: names, and nothing but names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from abcxyz.errors import ConfigError

__all__ = [
    "BUILT_IN",
    "Counterparties",
    "Currency",
    "Customers",
    "Document",
    "Keys",
    "Profile",
    "Register",
    "load",
    "spoken",
]

BUILT_IN = ("ut11", "unf", "bp")

T = TypeVar("T")


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else ()


@frozen(kw_only=True)
class Customers:
    """The catalog whose elements are classified; *inn* where it stands there itself."""

    entity: str
    inn: str = ""


@frozen(kw_only=True)
class Counterparties:
    """Legal entities, where they are not the customers themselves."""

    entity: str
    partner: str
    inn: str = "ИНН"


@frozen(kw_only=True)
class Keys:
    """A catalog between the register and the customers."""

    entity: str
    partner: str
    counterparty: str = ""


@frozen(kw_only=True)
class Register:
    """An accumulation register of sales; several resources are added up."""

    entity: str
    customer: str
    revenue: tuple[str, ...] = field(converter=_names)
    cost: tuple[str, ...] = field(default=(), converter=_names)
    where: str = ""

    @property
    def flat(self) -> str:
        """Name of the set of flat records."""
        return f"{self.entity}_RecordType"


@frozen(kw_only=True)
class Document:
    """A kind of document: *sign* is -1 for returns, *rate* a numerator and a denominator."""

    entity: str
    partner: str
    amount: str
    counterparty: str = ""
    date: str = "Date"
    sign: int = field(default=1, validator=attrs.validators.in_((1, -1)))
    currency: str = ""
    rate: tuple[str, ...] = field(default=(), converter=_names)
    where: str = ""


@frozen(kw_only=True)
class Currency:
    """The constant with the currency of the accounts, and the register of rates."""

    constant: str = ""
    value: str = "Value_Key"
    rates: str = "InformationRegister_КурсыВалют"
    currency: str = "Валюта_Key"
    rate: str = "Курс"
    per: str = "Кратность"


@frozen(kw_only=True)
class Profile:
    """All names of one configuration."""

    title: str
    customer: Customers
    counterparty: Counterparties | None = None
    keys: Keys | None = None
    register: Register | None = None
    currency: Currency = Currency()
    documents: tuple[Document, ...] = ()


def _build(kind: type[T], given: object, place: str) -> T:
    """Make a record of a table, naming a key that does not belong there."""
    known = [each.name for each in attrs.fields(kind)]  # type: ignore[arg-type]
    if not isinstance(given, Mapping):
        raise ConfigError("{place} of the profile must be a table", place=place)
    for key in given:
        if key not in known:
            raise ConfigError(
                "{place} of the profile has the key {key!r}; it may have {known}",
                place=place,
                key=key,
                known=", ".join(known),
            )
    try:
        return kind(**given)
    except (TypeError, ValueError) as problem:
        raise ConfigError(
            "{place} of the profile is not complete or not right ({problem})",
            place=place,
            problem=str(problem).splitlines()[0],
        ) from None


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(below)
    for key, value in above.items():
        old = out.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        out[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return out


def load(name: str, names: Mapping[str, Any] | None = None) -> Profile:
    """Read a profile.

    Parameters
    ----------
    name
        One of `BUILT_IN`, or the path of a TOML file; a file may say ``base = "ut11"`` and give
        only what differs.
    names
        What differs in this job, table by table.

    Raises
    ------
    ConfigError
        No such profile, or a key in it that means nothing.

    Examples
    --------
    >>> load("unf", {"register": {"revenue": "СуммаБезНДС"}}).register.revenue
    ('СуммаБезНДС',)
    """
    table = _merged(_table(name), names or {})
    table.pop("base", None)
    parts: dict[str, Any] = {
        "customer": Customers,
        "counterparty": Counterparties,
        "keys": Keys,
        "register": Register,
        "currency": Currency,
    }
    built: dict[str, Any] = {}
    for key, value in table.items():
        if key in parts:
            built[key] = _build(parts[key], value, f"[{key}]")
        elif key == "documents":
            each = value if isinstance(value, list) else [value]
            built[key] = tuple(_build(Document, one, "[[documents]]") for one in each)
        else:
            built[key] = value
    return _build(Profile, built, "the top")


def _table(name: str) -> dict[str, Any]:
    if name in BUILT_IN:
        file = resources.files("abcxyz_onec") / "profiles" / f"{name}.toml"
        return tomllib.loads(file.read_text(encoding="utf-8"))
    try:
        table = tomllib.loads(Path(name).read_text(encoding="utf-8-sig"))
    except OSError:
        raise ConfigError(
            "there is no profile {name!r}; use one of {known}, or the path of a TOML file",
            name=name,
            known=", ".join(BUILT_IN),
        ) from None
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(
            "the profile {name!r} is not TOML ({problem}); correct that line",
            name=name,
            problem=str(problem),
        ) from None
    base = table.get("base")
    return _merged(_table(str(base)), table) if base in BUILT_IN else table


def spoken(entity: str) -> str:
    """Say the name of a set as the tree of publication shows it.

    Examples
    --------
    >>> spoken("AccumulationRegister_ВыручкаИСебестоимостьПродаж_RecordType")
    'AccumulationRegister «Выручка и себестоимость продаж»'
    """
    prefix, _, name = entity.removesuffix("_RecordType").partition("_")
    words = re.findall(
        r"[A-ZА-ЯЁ]+(?=[A-ZА-ЯЁ][a-zа-яё])|[A-ZА-ЯЁ]?[a-zа-яё]+|[A-ZА-ЯЁ]+|\d+", name
    )
    lower = [word if len(word) > 1 and word.isupper() else word.lower() for word in words]
    said = " ".join(lower)
    return f"{prefix} «{said[:1].upper()}{said[1:]}»"
