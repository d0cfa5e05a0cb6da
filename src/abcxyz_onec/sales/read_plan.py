"""Read plan: records, turnovers or documents, by publication and by cost."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from attrs import frozen

from abcxyz import METRICS, Window
from abcxyz.errors import AbcxyzWarning, AuthenticationError, ConfigError
from abcxyz_onec.catalogs.customers import FLAGS, published_fields
from abcxyz_onec.catalogs.publication import (
    customer_queries,
    describe_missing,
    raise_if_missing,
    unpublished,
)
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.errors import HiddenRowsError
from abcxyz_onec.odata.metadata import missing_names
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.odata.paging import between, hides_rows, sample
from abcxyz_onec.odata.query import Query, both
from abcxyz_onec.profiles.schema import Basis, Profile
from abcxyz_onec.sales.documents import Documents
from abcxyz_onec.sales.read_cost import ReadCost, cost_of_records, cost_of_turnovers
from abcxyz_onec.sales.reader import Reader, party_of
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers

__all__ = ["READS", "ReadPlan", "choose", "costs_of", "hidden_sales"]

READS = ("auto", "turnovers", "records", "documents")
_FAR_FEWER = 4  # turnovers lose days and documents, so they must save this factor of bytes


@frozen
class ReadPlan:
    """The chosen reader, with its queries of customers, warnings and costs."""

    reader: Reader
    customers: tuple[Query, ...]
    by_key: bool
    warnings: tuple[AbcxyzWarning, ...] = ()
    costs: tuple[ReadCost, ...] = ()

    @property
    def title(self) -> str:
        """Name of the way to read."""
        return type(self.reader).__name__.lower()

    def try_rights(self, client: Client, window: Window) -> None:
        """Check the right to read each object, by reading one row of it.

        Raises
        ------
        AuthenticationError
            A read is refused; the message names the object.
        """
        for query in (*self.customers, *self.reader.queries()):
            if not query.function:
                _try_read(client, query, window)


def _try_read(client: Client, query: Query, window: Window) -> None:
    names = [name for name in query.select if name in ("Period", "Date")]
    # Any row shows the right to read, and recent rows are the cheapest to query.
    where = both(between(names[0], window.since, window.until), query.where) if names else ""
    try:
        sample(client, attrs.evolve(query, where=where or query.where), 1)
    except HiddenRowsError:
        raise AuthenticationError(
            "the user of 1C may not read {object}; give the right to read it, without "
            "restrictions by row, or set allowed_only = true",
            object=readable_name(query.entity),
        ) from None


def costs_of(client: Client, reader: Reader, window: Window) -> tuple[ReadCost, ...]:
    """Return the costs of the published ones of records and turnovers of a register."""
    if not isinstance(reader, (Records, Turnovers)):
        return ()
    bucket = reader.bucket if isinstance(reader, Turnovers) else "month"
    turnovers = Turnovers(reader.register, reader.party, reader.metric, bucket)
    costs = []
    records = Records(reader.register, reader.party, reader.metric)
    if not unpublished(client, records.queries()):
        costs.append(cost_of_records(client, records, window))
    if reader.metric != "count" and not unpublished(client, turnovers.queries()):
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
        party = party_of(client, profile, entity, register)
        records = Records(register, party, metric)
        turnovers = Turnovers(register, party, metric, bucket or "month")
        wanted: Reader = turnovers if read == "turnovers" else records
        missing = unpublished(client, [*wanted.queries(), *keyed])
        if not missing:
            costs: tuple[ReadCost, ...] = ()
            if read == "auto" and bucket is not None and metric != "count":
                costs = costs_of(client, records, window)
                wanted = _cheaper(costs, records, turnovers)
            notes = _turnovers_warning(turnovers) if wanted is turnovers and read == "auto" else ()
            cards = tuple(_with_flags(client, query) for query in keyed)
            return ReadPlan(wanted, cards, by_key, notes, costs)
    if read in ("turnovers", "records"):
        _require_register(profile, basis, read, exists=register is not None)
        raise_if_missing(missing)
    if metric == "profit" or not objects.documents:
        raise_if_missing(missing)
        raise _not_available(profile, basis, metric if objects.documents else "documents")
    notes = _documents_warning(missing, objects) if missing else ()
    reader, lost = _documents(client, profile, objects, entity, metric)
    raise_if_missing(unpublished(client, [*unkeyed, *reader.queries()]))
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


def hidden_sales(client: Client, profile: Profile, entity: str) -> tuple[str, ...]:
    """Return the published objects with sales of which the user may not see every row."""
    objects = profile.sales
    queries = customer_queries(profile, entity, "ref", keys=objects.register is not None)[1:]
    if objects.register is not None:
        party = party_of(client, profile, entity, objects.register)
        queries += Records(objects.register, party, "revenue").queries()
    queries += [Query(each.entity, ("Ref_Key",)) for each in objects.documents]
    return tuple(
        query.entity
        for query in queries
        if not missing_names(client.metadata(), query) and hides_rows(client, query)
    )


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


def _turnovers_warning(reader: Turnovers) -> tuple[AbcxyzWarning, ...]:
    return (
        AbcxyzWarning(
            "sales are read summed by {bucket}, which moves far fewer bytes; the days of sales "
            "and the number of documents are not known: set read = records where they matter",
            bucket=reader.bucket,
        ),
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


def _documents(
    client: Client, profile: Profile, objects: Basis, entity: str, metric: str
) -> tuple[Documents, tuple[str, ...]]:
    """Return a reader of the published kinds and the first one, and the kinds left out."""
    sets = client.metadata().sets
    used = [each for n, each in enumerate(objects.documents) if n == 0 or each.entity in sets]
    lost = tuple(each.entity for each in objects.documents if each not in used)
    some = attrs.evolve(objects, documents=tuple(used))
    parties = tuple(party_of(client, profile, entity, each) for each in used)
    return Documents(some, profile, parties, metric), lost
