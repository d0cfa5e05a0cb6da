"""Read plan: records, turnovers or documents, by publication and by cost."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from attrs import frozen

from abcxyz import METRICS, Window
from abcxyz.errors import AbcxyzWarning, ConfigError
from abcxyz.toolkit.catalogue import Message
from abcxyz_onec.catalogs.customers import FLAGS, published_fields
from abcxyz_onec.catalogs.publication import (
    check_rights,
    customer_queries,
    describe_missing,
    raise_if_missing,
    unpublished,
)
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.errors import HiddenRowsError
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.odata.paging import between
from abcxyz_onec.odata.query import Query, both
from abcxyz_onec.profiles.schema import Basis, Profile, Register
from abcxyz_onec.sales.published_readers import documents_reader, register_readers
from abcxyz_onec.sales.read_cost import ReadCost, cost_of_records, cost_of_turnovers
from abcxyz_onec.sales.reader import Reader
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers
from abcxyz_onec.words import message

__all__ = ["READS", "ReadPlan", "choose", "costs_of"]

READS = ("auto", "turnovers", "records", "documents")
_FAR_FEWER = 2  # turnovers date money by the first document, so they must save as many bytes


@frozen
class ReadPlan:
    """The chosen reader, with its queries of customers, warnings, costs and notes.

    *register* holds both ways to read the register, where it is read.
    """

    reader: Reader
    customers: tuple[Query, ...]
    by_key: bool
    warnings: tuple[AbcxyzWarning, ...] = ()
    costs: tuple[ReadCost, ...] = ()
    register: tuple[Records, Turnovers] | None = None
    notes: tuple[Message, ...] = ()

    @property
    def title(self) -> str:
        """Name of the way to read."""
        return type(self.reader).__name__.lower()

    @property
    def orders_known(self) -> bool:
        """Whether sums of sub-periods come with the documents in them."""
        return isinstance(self.reader, Turnovers) and self.reader.orders is not None

    def try_rights(self, client: Client, window: Window) -> None:
        """Check the right to read each object, by reading one row of it.

        Raises
        ------
        AuthenticationError
            Reads are refused; the message names every object.
        """
        check_rights(
            client,
            [
                _recent(query, window)
                for query in (*self.customers, *self.reader.queries())
                if not query.function
            ],
        )


def _recent(query: Query, window: Window) -> Query:
    """Limit a query to the window: recent rows are the cheapest, and any row shows the right."""
    names = [name for name in query.select if name in ("Period", "Date")]
    if not names:
        return query
    return attrs.evolve(
        query, where=both(between(names[0], window.since, window.until), query.where)
    )


def costs_of(
    client: Client, records: Records, turnovers: Turnovers, window: Window
) -> tuple[ReadCost, ...]:
    """Return the costs of the published ones of records and turnovers of a register."""
    costs = []
    if not unpublished(client, records.queries()):
        costs.append(cost_of_records(client, records, window))
    if turnovers.metric != "count" and not unpublished(client, turnovers.queries()):
        try:
            costs.append(cost_of_turnovers(client, turnovers, window))
        except HiddenRowsError:
            # Some bases cannot leave hidden rows out of a virtual table; records can be read.
            if not client.allowed_only:
                raise
    return tuple(costs)


def choose(
    client: Client,
    profile: Profile,
    *,
    read: str,
    entity: str,
    customer_id: str,
    basis: str,
    metric: str,
    bucket: str | None,
    window: Window,
    orders: bool = True,
) -> ReadPlan:
    """Choose the way to read, and check that its objects are published.

    Parameters
    ----------
    client, profile
        Client of the base, and the names of its objects.
    read, entity, customer_id, basis, metric, bucket
        As in the source.
    window
        Window of days to read.
    orders
        Whether the number and the days of sales matter.

    Raises
    ------
    ConfigError
        An option is wrong, or no way to read is published; the message names what to publish.
    """
    if basis not in ("sales", "payments"):
        raise ConfigError(
            "basis is {value!r}; use one of {known}", value=basis, known="sales, payments"
        )
    if metric not in METRICS:
        raise ConfigError(
            "metric is {value!r}; use one of {known}", value=metric, known=", ".join(METRICS)
        )
    if read == "turnovers" and metric == "count":
        raise ConfigError(
            "turnovers do not tell the number of documents; set read = records for metric = count"
        )
    objects: Basis = getattr(profile, basis)
    register = objects.register
    by_key = register is not None and bool(register.key)
    unkeyed = customer_queries(profile, entity, customer_id, keys=False)
    keyed = customer_queries(profile, entity, customer_id, keys=by_key)
    missing: tuple[str, ...] = ()
    if metric == "profit" and register is not None and not register.cost:
        raise _not_available(profile, basis, metric)
    if register is not None and read != "documents":
        records, turnovers = register_readers(
            client, profile, objects, register, entity=entity, metric=metric, bucket=bucket
        )
        if not orders:
            turnovers = attrs.evolve(turnovers, orders=None)
        wanted: Reader = turnovers if read == "turnovers" else records
        missing = unpublished(client, [*wanted.queries(), *keyed])
        if not missing:
            costs: tuple[ReadCost, ...] = ()
            if read == "auto" and bucket and metric != "count" and turnovers.orders is not None:
                costs = costs_of(client, records, turnovers, window)
                wanted = _cheaper(costs, records, turnovers)
            blind = orders and wanted is turnovers and turnovers.orders is None
            return ReadPlan(
                wanted,
                tuple(_with_flags(client, query) for query in keyed),
                by_key,
                (_unknown_orders(register),) if blind else (),
                costs,
                (records, turnovers),
                _orders_note(turnovers) if wanted is turnovers else (),
            )
    if read in ("turnovers", "records"):
        _require_register(profile, basis, read, exists=register is not None)
        raise_if_missing(missing)
    if metric == "profit" or not objects.documents:
        raise_if_missing(missing)
        raise _not_available(profile, basis, metric if objects.documents else "documents")
    notes = _documents_warning(missing, objects) if missing else ()
    reader, lost = documents_reader(client, profile, objects, entity=entity, metric=metric)
    absent = unpublished(client, [*unkeyed, *reader.queries()])
    if absent and missing:
        raise _nothing_published(missing, absent)
    raise_if_missing(absent)
    if lost:
        notes = (
            *notes,
            AbcxyzWarning(
                "documents that are not published are left out: {objects}; where they are "
                "returns, revenue comes out too high",
                objects=describe_missing(lost),
            ),
        )
    cards = tuple(_with_flags(client, query) for query in unkeyed)
    return ReadPlan(reader, cards, False, notes)


def _with_flags(client: Client, query: Query) -> Query:
    """Add the flags that the reader of customers selects too."""
    extra = (
        published_fields(client.metadata(), query.entity, FLAGS)
        if "Description" in query.select
        else ()
    )
    return attrs.evolve(query, select=tuple(dict.fromkeys((*query.select, *extra))))


def _require_register(profile: Profile, basis: str, read: str, *, exists: bool) -> None:
    if not exists:
        raise ConfigError(
            "{title} keeps no register of {basis}, so read = {read} is not possible; use "
            "documents or auto",
            title=profile.title,
            basis=basis,
            read=read,
        )


def _not_available(profile: Profile, basis: str, what: str) -> ConfigError:
    return ConfigError(
        "{title} has no {what} of {basis}; choose another metric, basis or way to read",
        title=profile.title,
        what=what,
        basis=basis,
    )


def _cheaper(costs: Iterable[ReadCost], records: Records, turnovers: Turnovers) -> Reader:
    bytes_of = {each.read: each.bytes for each in costs}
    if "turnovers" not in bytes_of:
        return records
    return turnovers if bytes_of["turnovers"] * _FAR_FEWER < bytes_of["records"] else records


def _orders_note(reader: Turnovers) -> tuple[Message, ...]:
    if reader.orders is None:
        return ()
    return (
        message(
            "sales are read summed by {bucket}, which moves far fewer bytes; their number and "
            "their days are those of {documents}",
            bucket=reader.bucket,
            documents=", ".join(readable_name(one.entity) for one in reader.orders.queries()),
        ),
    )


def _unknown_orders(register: Register) -> AbcxyzWarning:
    return AbcxyzWarning(
        "turnovers tell neither the number of sales nor their days, so sub-periods are counted: "
        "publish {documents} in 1C, or set read = records",
        documents=describe_missing(register.sales) or "-",
    )


def _nothing_published(register: Iterable[str], documents: Iterable[str]) -> ConfigError:
    """Return the error that names all objects of both ways, those of the register first."""
    return ConfigError(
        "publish in 1C (Администрирование → Настройка стандартного интерфейса OData): {objects}; "
        "or, for sales from documents without gross profit: {documents}; where the configuration "
        "calls it otherwise, put its name into the profile",
        objects=describe_missing(register),
        documents=describe_missing(documents),
    )


def _documents_warning(missing: Iterable[str], objects: Basis) -> tuple[AbcxyzWarning, ...]:
    return (
        AbcxyzWarning(
            "publish in 1C (Администрирование → Настройка стандартного интерфейса OData): "
            "{objects}. Until then sales are read from documents {documents}; gross profit is not "
            "available",
            objects=describe_missing(missing),
            documents=", ".join(readable_name(each.entity) for each in objects.documents),
        ),
    )
