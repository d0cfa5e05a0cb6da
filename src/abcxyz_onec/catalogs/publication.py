"""Publication of objects over OData: check of the needed names, error with the missing ones."""

from __future__ import annotations

from collections.abc import Iterable

from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.errors import HiddenRowsError
from abcxyz_onec.odata.metadata import missing_names
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.odata.paging import sample
from abcxyz_onec.odata.query import Query
from abcxyz_onec.profiles.schema import Profile

__all__ = [
    "check_rights",
    "customer_queries",
    "describe_missing",
    "raise_if_missing",
    "unpublished",
]


def customer_queries(
    profile: Profile, entity: str, customer_id: str, *, keys: bool
) -> list[Query]:
    """Return the queries of the customers, to check the names in them."""
    legal = profile.counterparty
    id_fields = {"ref": (), "inn": (), "code": ("Code",)}.get(customer_id, (customer_id,))
    queries = []
    if entity == "partner" and profile.partner is not None:
        queries.append(Query(profile.partner.entity, ("Ref_Key", "Description", *id_fields)))
        if customer_id == "inn":
            queries.append(Query(legal.entity, ("Ref_Key", legal.partner, legal.inn)))
    else:
        id_fields = (legal.inn,) if customer_id == "inn" else id_fields
        queries.append(Query(legal.entity, ("Ref_Key", "Description", *id_fields)))
    if keys and profile.keys is not None:
        names = profile.keys
        name = names.partner if entity == "partner" else names.counterparty
        queries.append(Query(names.entity, ("Ref_Key", name)))
    return queries


def unpublished(client: Client, queries: Iterable[Query]) -> tuple[str, ...]:
    """Return the names that are not published; cached metadata is read again before that."""
    queries = list(queries)

    def missing_now() -> tuple[str, ...]:
        names = [name for query in queries for name in missing_names(client.metadata(), query)]
        return tuple(dict.fromkeys(names))

    missing = missing_now()
    if missing and client.may_be_outdated:
        client.forget()
        missing = missing_now()
    return missing


def describe_missing(names: Iterable[str]) -> str:
    """Write missing names as the tree of publication shows them, fields after their object.

    Examples
    --------
    >>> describe_missing(["Catalog_Контрагенты.ИНН", "AccumulationRegister_Продажи/Turnovers"])
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


def check_rights(client: Client, queries: Iterable[Query]) -> None:
    """Check the right to read each object, by reading one row of it.

    Raises
    ------
    AuthenticationError
        Reads are refused; the message names every object.
    """
    refused = []
    for query in queries:
        try:
            sample(client, query, 1)
        except HiddenRowsError:
            refused.append(readable_name(query.entity))
    if refused:
        raise AuthenticationError(
            "the user of 1C may not read {object}; give the right to read it, without "
            "restrictions by row, or set allowed_only = true",
            object=", ".join(dict.fromkeys(refused)),
        )


def raise_if_missing(missing: tuple[str, ...]) -> None:
    """Raise an error when any name is missing.

    Raises
    ------
    ConfigError
        *missing* is not empty; the message names the objects and the form of 1C.
    """
    if missing:
        raise ConfigError(
            "publish in 1C (Администрирование → Настройка стандартного интерфейса OData): "
            "{objects}; where the configuration calls it otherwise, put its name into the profile",
            objects=describe_missing(missing),
        )
