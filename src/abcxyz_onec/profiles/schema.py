"""Records of a profile: catalogs, registers and documents of one 1C configuration."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from attrs import field, frozen

from abcxyz.errors import ConfigError
from abcxyz_onec.odata.metadata import frozen_map

__all__ = [
    "Basis",
    "Counterparties",
    "Currency",
    "Document",
    "Keys",
    "Partners",
    "Profile",
    "Register",
    "Targets",
]


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, (list, tuple)) else ()


def _check_customer_field(entity: str, name: str) -> None:
    if not name:
        raise ConfigError(
            "{entity} in the profile lacks the field of the customer; give partner or "
            "counterparty",
            entity=entity,
        )


@frozen(kw_only=True)
class Partners:
    """The catalog of partners, each with one or more legal entities."""

    entity: str


@frozen(kw_only=True)
class Counterparties:
    """The catalog of legal entities; *partner* is the reference to the partner."""

    entity: str
    partner: str = ""
    inn: str = "ИНН"
    kpp: str = "КПП"


@frozen(kw_only=True)
class Keys:
    """The catalog of keys by which a register refers to customers."""

    entity: str
    partner: str
    counterparty: str = ""


@frozen(kw_only=True)
class Register:
    """An accumulation register of turnovers; several resources are added up.

    The customer is *key*, a reference to the catalog of keys, or *partner* and *counterparty*.
    *sales* are the types of recorder that count as sales documents; empty means every recorder
    with positive revenue. *optional* are resources that some releases of the configuration lack.
    *where* is a filter on dimensions.
    """

    entity: str
    revenue: tuple[str, ...] = field(converter=_names)
    cost: tuple[str, ...] = field(default=(), converter=_names)
    key: str = ""
    partner: str = ""
    counterparty: str = ""
    sales: tuple[str, ...] = field(default=(), converter=_names)
    optional: tuple[str, ...] = field(default=(), converter=_names)
    where: str = ""

    def __attrs_post_init__(self) -> None:
        _check_customer_field(self.entity, self.key or self.partner or self.counterparty)

    @property
    def flat(self) -> str:
        """Name of the set of flat records."""
        return f"{self.entity}_RecordType"


@frozen(kw_only=True)
class Document:
    """A kind of document: *sign* is -1 for returns, *rate* a numerator and a denominator.

    Without *currency* the amount is in the currency of the accounts.
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
        _check_customer_field(self.entity, self.partner or self.counterparty)


@frozen(kw_only=True)
class Basis:
    """Objects with the amounts: a register, and documents where it is not published."""

    register: Register | None = None
    documents: tuple[Document, ...] = ()


@frozen(kw_only=True)
class Currency:
    """The constant with the currency of the accounts, and the register of rates.

    *legal* is the constant with the currency of the law, to which rates are, where published.
    """

    constant: str = ""
    legal: str = "Constant_ВалютаРегламентированногоУчета"
    value: str = "Value_Key"
    rates: str = "InformationRegister_КурсыВалют"
    currency: str = "Валюта_Key"
    rate: str = "Курс"
    per: str = "Кратность"


@frozen(kw_only=True)
class Targets:
    """Objects into which classes may be written."""

    extra: str = "InformationRegister_ДополнительныеСведения"
    properties: str = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
    values: str = "Catalog_ЗначенияСвойствОбъектов"
    section: str = "ДополнительныеРеквизиты"
    segments: str = "Catalog_СегментыПартнеров"
    members: str = "InformationRegister_ПартнерыСегмента"
    native: str = "InformationRegister_ABCXYZКлассификацияКлиентов"


@frozen(kw_only=True)
class Profile:
    """Names of the objects of one configuration."""

    title: str
    counterparty: Counterparties
    partner: Partners | None = None
    keys: Keys | None = None
    sales: Basis = Basis()
    payments: Basis = Basis()
    currency: Currency = Currency()
    targets: Targets = Targets()
    attributes: Mapping[str, str] = field(factory=dict, converter=frozen_map)
