"""Readers of sales with the names that a base publishes, of those that a profile knows."""

from __future__ import annotations

import attrs

from abcxyz_onec.catalogs.publication import customer_queries
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.metadata import missing_names
from abcxyz_onec.odata.paging import hides_rows
from abcxyz_onec.odata.query import Query
from abcxyz_onec.profiles.schema import Basis, Document, Profile, Register
from abcxyz_onec.sales.documents import Documents
from abcxyz_onec.sales.reader import party_of
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers

__all__ = ["documents_reader", "hidden_sales", "register_readers"]


def register_readers(
    client: Client,
    profile: Profile,
    objects: Basis,
    register: Register,
    *,
    entity: str,
    metric: str,
    bucket: str | None,
) -> tuple[Records, Turnovers]:
    """Return the readers of the records and of the turnovers of a register."""
    register = _without_absent(client, register)
    party = party_of(client, profile, entity, register)
    flat = client.metadata().sets.get(register.flat)
    # A register with one type of recorder has a plain reference to it.
    single = flat is not None and "Recorder_Key" in flat.fields
    records = Records(register, party, metric, single_recorder=single)
    orders = _orders(client, profile, objects, register, entity)
    return records, Turnovers(register, party, metric, bucket or "month", orders)


def _without_absent(client: Client, register: Register) -> Register:
    """Leave out optional resources that this release of the configuration lacks."""
    flat = client.metadata().sets.get(register.flat)
    if flat is None:
        return register
    absent = {name for name in register.optional if name not in flat.fields}
    return attrs.evolve(
        register,
        revenue=[name for name in register.revenue if name not in absent],
        cost=[name for name in register.cost if name not in absent],
    )


def _orders(
    client: Client, profile: Profile, objects: Basis, register: Register, entity: str
) -> Documents | None:
    """Return a reader of the documents that count as sales; None unless all are published."""
    known = {each.entity: each for each in objects.documents}
    documents = []
    for kind in register.sales:
        each = known.get(kind) or next(iter(known.values()), None)
        if each is None:
            return None
        where = each.where if kind in known else ""
        documents.append(
            attrs.evolve(each, entity=kind, amount="", currency="", rate=(), where=where)
        )
    if not documents:
        return None
    reader = _reader(client, profile, Basis(documents=tuple(documents)), entity, "revenue")
    absent = any(missing_names(client.metadata(), query) for query in reader.queries())
    return None if absent else reader


def documents_reader(
    client: Client, profile: Profile, objects: Basis, *, entity: str, metric: str
) -> tuple[Documents, tuple[str, ...]]:
    """Return a reader of the published kinds and the first one, and the kinds left out."""
    sets = client.metadata().sets
    used = [each for n, each in enumerate(objects.documents) if n == 0 or each.entity in sets]
    lost = tuple(each.entity for each in objects.documents if each not in used)
    published = attrs.evolve(
        objects, documents=tuple(_without_rate(client, each) for each in used)
    )
    return _reader(client, profile, published, entity, metric), lost


def _without_rate(client: Client, document: Document) -> Document:
    """Leave out the rate of documents that store none: the register of rates has it."""
    known = client.metadata().sets.get(document.entity)
    if known is None or set(document.rate) <= set(known.fields):
        return document
    return attrs.evolve(document, rate=())


def _reader(
    client: Client, profile: Profile, objects: Basis, entity: str, metric: str
) -> Documents:
    parties = tuple(party_of(client, profile, entity, each) for each in objects.documents)
    return Documents(objects, profile, parties, metric)


def hidden_sales(client: Client, profile: Profile, entity: str) -> tuple[str, ...]:
    """Return the published objects with sales of which the user may not see every row."""
    objects = profile.sales
    queries: list[Query] = []
    if objects.register is not None:
        records, _ = register_readers(
            client,
            profile,
            objects,
            objects.register,
            entity=entity,
            metric="revenue",
            bucket=None,
        )
        queries += customer_queries(profile, entity, "ref", keys=True)[1:]
        queries += records.queries()
    queries += [Query(each.entity, ("Ref_Key",)) for each in objects.documents]
    return tuple(
        query.entity
        for query in queries
        if not missing_names(client.metadata(), query) and hides_rows(client, query)
    )
