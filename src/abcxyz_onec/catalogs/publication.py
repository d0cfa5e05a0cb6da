"""Check that the base publishes what is needed, and explain what is missing."""

from __future__ import annotations

from collections.abc import Iterable

from abcxyz.errors import ConfigError
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.metadata import missing_names
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.odata.query import Query
from abcxyz_onec.profiles.schema import Profile

__all__ = ["customer_queries", "described", "lacking", "refuse"]


def customer_queries(
    profile: Profile, entity: str, customer_id: str, *, keys: bool
) -> list[Query]:
    """List the questions about customers, to check their names."""
    legal = profile.counterparty
    own = {"ref": (), "inn": (), "code": ("Code",)}.get(customer_id, (customer_id,))
    asked = []
    if entity == "partner" and profile.partner is not None:
        asked.append(Query(profile.partner.entity, ("Ref_Key", "Description", *own)))
        if customer_id == "inn":
            asked.append(Query(legal.entity, ("Ref_Key", legal.partner, legal.inn)))
    else:
        own = (legal.inn,) if customer_id == "inn" else own
        asked.append(Query(legal.entity, ("Ref_Key", "Description", *own)))
    if keys and profile.keys is not None:
        place = profile.keys
        name = place.partner if entity == "partner" else place.counterparty
        asked.append(Query(place.entity, ("Ref_Key", name)))
    return asked


def lacking(client: Client, queries: Iterable[Query]) -> tuple[str, ...]:
    """List the names that are not published; look afresh before saying so."""
    queries = list(queries)

    def found() -> tuple[str, ...]:
        names = [name for query in queries for name in missing_names(client.metadata(), query)]
        return tuple(dict.fromkeys(names))

    missing = found()
    if missing and client.cache is not None:
        client.forget()
        missing = found()
    return missing


def described(names: Iterable[str]) -> str:
    """Say what is missing as the tree of publication shows it, fields behind their object.

    Examples
    --------
    >>> described(["Catalog_Контрагенты.ИНН", "AccumulationRegister_Продажи/Turnovers"])
    'Catalog «Контрагенты» (ИНН), AccumulationRegister «Продажи»'
    """
    fields: dict[str, list[str]] = {}
    for name in names:
        entity, _, field = name.partition("/")[0].partition(".")
        fields.setdefault(readable_name(entity), []).extend([field] if field else [])
    return ", ".join(
        f"{entity} ({', '.join(several)})" if several else entity
        for entity, several in fields.items()
    )


def refuse(missing: tuple[str, ...]) -> None:
    """Stop when anything is missing.

    Raises
    ------
    ConfigError
        Names it, and the form of 1C where it is published.
    """
    if missing:
        raise ConfigError(
            "publish in 1C (Администрирование → Настройка стандартного интерфейса OData): "
            "{objects}; where the configuration calls it otherwise, put its name into the profile",
            objects=described(missing),
        )
