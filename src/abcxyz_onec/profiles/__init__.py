"""Where a configuration of 1C keeps its sales: names, and nothing but names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from abcxyz.errors import ConfigError

__all__ = [
    "BUILT_IN",
    "Basis",
    "Counterparties",
    "Currency",
    "Document",
    "Keys",
    "Partners",
    "Profile",
    "Register",
    "Targets",
    "load",
    "spoken",
]

BUILT_IN = ("ut11", "unf", "bp")

T = TypeVar("T")


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else ()


def _customer_named(entity: str, name: str) -> None:
    if not name:
        raise ConfigError(
            "{entity} in the profile lacks the field of the customer; give partner or "
            "counterparty",
            entity=entity,
        )


def _sealed(given: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(given))


@frozen(kw_only=True)
class Partners:
    """The catalog of partners, where legal entities are joined to them."""

    entity: str


@frozen(kw_only=True)
class Counterparties:
    """The catalog of legal entities; *partner* joins them to partners."""

    entity: str
    partner: str = ""
    inn: str = "ИНН"
    kpp: str = "КПП"


@frozen(kw_only=True)
class Keys:
    """A catalog between the register and the customers."""

    entity: str
    partner: str
    counterparty: str = ""


@frozen(kw_only=True)
class Register:
    """An accumulation register of turnovers; several resources are added up.

    The customer stands in it as *key*, a reference to the catalog of keys, or as *partner* and
    *counterparty*. *sales* are the types of recorder that count as sales documents; empty means
    every one whose revenue is positive. *where* may name dimensions only.
    """

    entity: str
    revenue: tuple[str, ...] = field(converter=_names)
    cost: tuple[str, ...] = field(default=(), converter=_names)
    key: str = ""
    partner: str = ""
    counterparty: str = ""
    sales: tuple[str, ...] = field(default=(), converter=_names)
    where: str = ""

    def __attrs_post_init__(self) -> None:
        _customer_named(self.entity, self.key or self.partner or self.counterparty)

    @property
    def flat(self) -> str:
        """Name of the set of flat records."""
        return f"{self.entity}_RecordType"


@frozen(kw_only=True)
class Document:
    """A kind of document: *sign* is -1 for returns, *rate* a numerator and a denominator.

    Without *currency* the amount is in the currency of the accounts already.
    """

    entity: str
    amount: str
    partner: str = ""
    counterparty: str = ""
    date: str = "Date"
    sign: int = field(default=1, validator=attrs.validators.in_((1, -1)))
    currency: str = ""
    rate: tuple[str, ...] = field(default=(), converter=_names)
    where: str = ""

    def __attrs_post_init__(self) -> None:
        _customer_named(self.entity, self.partner or self.counterparty)


@frozen(kw_only=True)
class Basis:
    """What is added up: a register, and documents where it is not published."""

    register: Register | None = None
    documents: tuple[Document, ...] = ()


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
class Targets:
    """Where classes may be written."""

    extra: str = "InformationRegister_ДополнительныеСведения"
    properties: str = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
    values: str = "Catalog_ЗначенияСвойствОбъектов"
    section: str = "ДополнительныеРеквизиты"
    segments: str = "Catalog_СегментыПартнеров"
    members: str = "InformationRegister_ПартнерыСегмента"
    native: str = "InformationRegister_ABCXYZКлассификацияКлиентов"


@frozen(kw_only=True)
class Profile:
    """All names of one configuration."""

    title: str
    counterparty: Counterparties
    partner: Partners | None = None
    keys: Keys | None = None
    sales: Basis = Basis()
    payments: Basis = Basis()
    currency: Currency = Currency()
    targets: Targets = Targets()
    attributes: Mapping[str, str] = field(factory=dict, converter=_sealed)


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
    except ConfigError:
        raise
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


def load(name: str | PathLike[str], names: Mapping[str, Any] | None = None) -> Profile:
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
    >>> own = load("unf", {"sales": {"register": {"revenue": "СуммаБезНДС"}}})
    >>> own.sales.register.revenue
    ('СуммаБезНДС',)
    """
    text = str(name)
    # A job takes a path relative to itself, and cannot know that a profile that ships is none.
    shipped = Path(text).name in BUILT_IN and not Path(text).exists()
    table = _merged(_table(Path(text).name if shipped else text), names or {})
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


def _basis(given: object, place: str) -> Basis:
    if not isinstance(given, Mapping):
        raise ConfigError("{place} of the profile must be a table", place=f"[{place}]")
    built = dict(given)
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
