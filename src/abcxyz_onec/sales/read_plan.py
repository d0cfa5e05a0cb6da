"""Plan of a reading: records, turnovers or documents, by what is published and what it costs."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from attrs import frozen

from abcxyz import METRICS, Window
from abcxyz.errors import AbcxyzWarning, AuthenticationError, ConfigError
from abcxyz_onec.catalogs.customers import FLAGS, published
from abcxyz_onec.catalogs.publication import customer_queries, described, lacking, refuse
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.errors import HiddenRowsError
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.odata.paging import between, sample
from abcxyz_onec.odata.query import Query, both
from abcxyz_onec.profiles.schema import Basis, Profile
from abcxyz_onec.sales.documents import Documents
from abcxyz_onec.sales.read_cost import Cost, cost_of_records, cost_of_turnovers
from abcxyz_onec.sales.reader import Reader, party_of
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers

__all__ = ["READS", "ReadPlan", "choose", "costs_of"]

READS = ("auto", "turnovers", "records", "documents")
_FAR_FEWER = 4  # turnovers lose the days and the documents, so they must be worth it


@frozen
class ReadPlan:
    """A way to read, and what is worth knowing about it."""

    reader: Reader
    customers: tuple[Query, ...]
    by_key: bool
    warnings: tuple[AbcxyzWarning, ...] = ()
    costs: tuple[Cost, ...] = ()

    @property
    def title(self) -> str:
        """Name the way."""
        return type(self.reader).__name__.lower()

    def try_rights(self, client: Client, window: Window) -> None:
        """Try the right to read each object.

        Raises
        ------
        AuthenticationError
            It is refused; the message names the object.
        """
        for query in (*self.customers, *self.reader.queries()):
            if not query.function:
                _try(client, query, window)


def _try(client: Client, query: Query, window: Window) -> None:
    names = [name for name in query.select if name in ("Period", "Date")]
    # Any row shows whether the right is there, and recent ones are the cheapest to find.
    where = both(between(names[0], window.since, window.until), query.where) if names else ""
    try:
        sample(client, attrs.evolve(query, where=where or query.where), 1)
    except HiddenRowsError:
        raise AuthenticationError(
            "the user of 1C may not read {object}; give the right to read it, without "
            "restrictions by row, or set allowed_only = true",
            object=readable_name(query.entity),
        ) from None


def costs_of(client: Client, reader: Reader, window: Window) -> tuple[Cost, ...]:
    """Tell what records and turnovers of the same register cost."""
    if not isinstance(reader, (Records, Turnovers)):
        return ()
    bucket = reader.bucket if isinstance(reader, Turnovers) else "month"
    turnovers = Turnovers(reader.register, reader.party, reader.metric, bucket)
    found = []
    records = Records(reader.register, reader.party, reader.metric)
    if not lacking(client, records.queries()):
        found.append(cost_of_records(client, records, window))
    if reader.metric != "count" and not lacking(client, turnovers.queries()):
        found.append(cost_of_turnovers(client, turnovers, window))
    return tuple(found)


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
    """Choose the way to read.

    Parameters
    ----------
    client, profile
        The base and its names.
    read, entity, customer_id, basis, metric, bucket
        As of the source.
    window
        What will be read.

    Raises
    ------
    ConfigError
        Neither way is open; the message names what to publish.
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
    place: Basis = getattr(profile, basis)
    register = place.register
    by_key = register is not None and bool(register.key)
    asked = customer_queries(profile, entity, customer_id, keys=False)
    keyed = customer_queries(profile, entity, customer_id, keys=by_key)
    missing: tuple[str, ...] = ()
    if metric == "profit" and register is not None and not register.cost:
        raise _nothing(profile, basis, metric)
    if register is not None and read != "documents":
        party = party_of(client, profile, entity, register)
        records = Records(register, party, metric)
        turnovers = Turnovers(register, party, metric, bucket or "month")
        wanted: Reader = turnovers if read == "turnovers" else records
        missing = lacking(client, [*wanted.queries(), *keyed])
        if not missing:
            costs: tuple[Cost, ...] = ()
            if read == "auto" and bucket is not None and metric != "count":
                costs = costs_of(client, records, window)
                wanted = _cheaper(costs, records, turnovers)
            notes = _about_turnovers(turnovers) if wanted is turnovers and read == "auto" else ()
            cards = tuple(_with_flags(client, query) for query in keyed)
            return ReadPlan(wanted, cards, by_key, notes, costs)
    if read in ("turnovers", "records"):
        _need_register(profile, basis, read, exists=register is not None)
        refuse(missing)
    if metric == "profit" or not place.documents:
        refuse(missing)
        raise _nothing(profile, basis, metric if place.documents else "documents")
    notes = _about_documents(missing, place) if missing else ()
    reader, lost = _documents(client, profile, place, entity, metric)
    refuse(lacking(client, [*asked, *reader.queries()]))
    if lost:
        notes = (
            *notes,
            AbcxyzWarning(
                "documents that are not published are left out: {objects}; where they are "
                "returns, revenue comes out too high",
                objects=described(lost),
            ),
        )
    cards = tuple(_with_flags(client, query) for query in asked)
    return ReadPlan(reader, cards, False, notes)


def _with_flags(client: Client, query: Query) -> Query:
    """Ask for what the reader of customers asks for besides."""
    extra = (
        published(client.metadata(), query.entity, FLAGS) if "Description" in query.select else ()
    )
    return attrs.evolve(query, select=tuple(dict.fromkeys((*query.select, *extra))))


def _need_register(profile: Profile, basis: str, read: str, *, exists: bool) -> None:
    if not exists:
        raise ConfigError(
            "{title} keeps no register of {basis}, so read = {read} is not possible; use "
            "documents or auto",
            title=profile.title,
            basis=basis,
            read=read,
        )


def _nothing(profile: Profile, basis: str, what: str) -> ConfigError:
    return ConfigError(
        "{title} has no {what} of {basis}; choose another metric, basis or way to read",
        title=profile.title,
        what=what,
        basis=basis,
    )


def _cheaper(costs: Iterable[Cost], records: Records, turnovers: Turnovers) -> Reader:
    bytes_of = {each.read: each.bytes for each in costs}
    if "turnovers" not in bytes_of:
        return records
    return turnovers if bytes_of["turnovers"] * _FAR_FEWER < bytes_of["records"] else records


def _about_turnovers(reader: Turnovers) -> tuple[AbcxyzWarning, ...]:
    return (
        AbcxyzWarning(
            "sales are read summed by {bucket}, which moves far fewer bytes; the days of sales "
            "and the number of documents are not known: set read = records where they matter",
            bucket=reader.bucket,
        ),
    )


def _about_documents(missing: Iterable[str], place: Basis) -> tuple[AbcxyzWarning, ...]:
    return (
        AbcxyzWarning(
            "publish in 1C (Администрирование → Настройка стандартного интерфейса OData): "
            "{objects}. Until then sales are read from documents {documents}; gross profit is not "
            "available",
            objects=described(missing),
            documents=", ".join(readable_name(each.entity) for each in place.documents),
        ),
    )


def _documents(
    client: Client, profile: Profile, place: Basis, entity: str, metric: str
) -> tuple[Documents, tuple[str, ...]]:
    """Leave out kinds that are not published, but not the first, without which nothing is left."""
    sets = client.metadata().sets
    kept = [each for n, each in enumerate(place.documents) if n == 0 or each.entity in sets]
    lost = tuple(each.entity for each in place.documents if each not in kept)
    some = attrs.evolve(place, documents=tuple(kept))
    parties = tuple(party_of(client, profile, entity, each) for each in kept)
    return Documents(some, profile, parties, metric), lost
