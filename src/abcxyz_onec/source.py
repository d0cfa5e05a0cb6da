"""Source of sales: registers or documents of a 1C base."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import attrs

from abcxyz import Quality, Transactions, Window
from abcxyz.errors import ConfigError
from abcxyz.plugins import Flat
from abcxyz.toolkit import local_date
from abcxyz.toolkit.catalogue import Figure
from abcxyz_onec.catalogs.customers import Directory, read_directory
from abcxyz_onec.connection import Connection
from abcxyz_onec.odata.client import Client
from abcxyz_onec.sales.account import Account
from abcxyz_onec.sales.checkpoint import Checkpoint
from abcxyz_onec.sales.customer_assignment import CustomerAssignment
from abcxyz_onec.sales.lines import LineColumns
from abcxyz_onec.sales.read_cost import Cost, cost_of_table
from abcxyz_onec.sales.read_plan import READS, ReadPlan, choose, costs_of
from abcxyz_onec.words import message

__all__ = ["OneCSource"]


class OneCSource:
    """Read sales from 1C over its OData interface.

    Parameters
    ----------
    connection
        How to reach the base; its fields are keys of a job.
    read
        ``records``, ``turnovers``, ``documents``, or ``auto`` to choose by what is published and
        what it costs.
    entity
        ``partner`` or ``counterparty``; the one that the configuration keeps when not given.
    customer_id
        ``ref``, ``code``, ``inn``, or an attribute of the customer's card.
    basis
        ``sales`` or ``payments``.
    metric
        ``revenue``, ``profit`` or ``count``: what the sales will be used for.
    bucket
        Unit of the XYZ series, such as ``month``. Only with it ``auto`` may choose turnovers,
        whose days are the first ones of their sub-periods.
    checkpoint
        Folder in which an interrupted read is kept for a day; also for the description of the
        base where the connection names no folder.
    page_mb
        What a page should weigh.

    Notes
    -----
    Dates are days of the server's own clock. Returns are negative; documents not posted or
    marked for deletion, inactive records, predefined customers and the empty one are left out,
    and `data_quality` says how much money that was. After a read `notes` says how it was done.
    """

    def __init__(
        self,
        connection: Flat[Connection],
        *,
        read: str = "auto",
        entity: str | None = None,
        customer_id: str = "ref",
        basis: str = "sales",
        metric: str = "revenue",
        bucket: str | None = None,
        checkpoint: Path | None = None,
        page_mb: float = 32.0,
    ) -> None:
        if read not in READS:
            raise ConfigError(
                "read is {value!r}; use one of {known}", value=read, known=", ".join(READS)
            )
        self._profile = connection.load_profile()
        self._entity = entity or ("partner" if self._profile.partner else "counterparty")
        self._read, self._customer_id, self._basis = read, customer_id, basis
        self._metric, self._bucket = metric, bucket
        self._checkpoint = checkpoint
        self._clock = connection.clock
        self._client = connection.client(cache=checkpoint, page_bytes=round(page_mb * (1 << 20)))
        self.notes: list[str] = []
        self._directory: Directory | None = None
        self._account = Account()

    def __repr__(self) -> str:
        return f"OneCSource({self._client.url!r})"

    @property
    def client(self) -> Client:
        """The base, with the account of its traffic."""
        return self._client

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()

    def customer_names(self) -> Mapping[str, str]:
        """Return customer to name; empty before the sales were read."""
        found = self._directory
        if found is None:
            return MappingProxyType({})
        open_ = (each for each in found.names.items() if each[0] not in found.barred)
        return MappingProxyType({found.ids[reference]: name for reference, name in open_})

    def data_quality(self) -> Quality | None:
        """Return the account of what was left out; None before the sales were read."""
        return None if self._directory is None else self._account.quality()

    # -- reading -----------------------------------------------------------------------------

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every sale of the half-open *window*, each exactly once, in batches."""
        before = attrs.evolve(self._client.traffic)
        choice = self._choice(window)
        self.notes = [message(note.template, **note.details) for note in choice.warnings]
        for note in choice.warnings:
            warnings.warn(note, stacklevel=2)
        self._account = Account()
        self._directory = directory = read_directory(
            self._client,
            self._profile,
            self._entity,
            self._customer_id,
            keys=choice.by_key,
        )
        checkpoint = self._kept(window, choice)
        assignment = CustomerAssignment(directory, by_key=choice.by_key, metric=self._metric)
        for part in choice.reader.parts:
            for columns in self._stretches(choice, part, window, checkpoint):
                batch = assignment.transactions(columns, self._account)
                if len(batch):
                    yield batch
        self._account.note_ids(directory.lacking, assignment.met)
        if checkpoint is not None:
            checkpoint.clear()
        spent = self._client.traffic.since(before)
        self.notes.append(message("{title}: {spent}", title=choice.title, spent=spent))

    def _choice(self, window: Window) -> ReadPlan:
        return choose(
            self._client,
            self._profile,
            read=self._read,
            entity=self._entity,
            customer_id=self._customer_id,
            basis=self._basis,
            metric=self._metric,
            bucket=self._bucket,
            window=window,
        )

    def _kept(self, window: Window, choice: ReadPlan) -> Checkpoint | None:
        if self._checkpoint is None:
            return None
        about = {
            "url": self._client.url,
            "profile": repr(attrs.asdict(self._profile)),
            "reader": repr(choice.reader),
            "window": str(window),
            "allowed_only": self._client.allowed_only,
        }
        return Checkpoint(self._checkpoint, about, now=self._clock.now())

    def _stretches(
        self, choice: ReadPlan, part: str, window: Window, checkpoint: Checkpoint | None
    ) -> Iterator[LineColumns]:
        """Read from where an interrupted run stopped, over what it has read."""
        at = window.since
        kept = checkpoint.parts(part) if checkpoint is not None else []
        while at < window.until:
            found = next((each for each in kept if each[0] == at), None)
            loaded = checkpoint.load(found[2]) if found and checkpoint else None
            if found and loaded is not None:
                at = found[1]
                yield from loaded
                continue
            # The last days are read last, and what is kept of them may still be good.
            stop = min([each[0] for each in kept if each[0] > at], default=window.until)
            for start, end, columns in choice.reader.read(self._client, part, at, stop):
                if checkpoint is not None:
                    checkpoint.keep(part, start, end, columns)
                yield from columns
            at = stop

    def check(self) -> None:
        """Look whether the sales can be read at all, by the names alone.

        Raises
        ------
        ConfigError
            An object is not published; the message names it.
        """
        today = local_date(self._clock)
        self._choice(Window(today - timedelta(days=1), today))

    # -- looking first -----------------------------------------------------------------------

    def cost(self, window: Window) -> Mapping[str, Cost]:
        """Tell what reading *window* takes, for each way that is open, customers included."""
        return self._cost(self._choice(window), window)

    def _cost(self, choice: ReadPlan, window: Window) -> Mapping[str, Cost]:
        cards = [cost_of_table(self._client, query) for query in choice.customers]
        return {
            each.read: attrs.evolve(
                each,
                requests=each.requests + sum(card.requests for card in cards),
                bytes=each.bytes + sum(card.bytes for card in cards),
            )
            for each in choice.costs or costs_of(self._client, choice.reader, window)
        }

    def preflight(self) -> Sequence[str]:
        """Look whether the sales can be read, and say what it will cost.

        Returns
        -------
        list of str
            What is read and how, and what the last twelve months cost either way.

        Raises
        ------
        ConfigError
            An object is not published; the message names it.
        AuthenticationError
            The user may not read an object; the message names it.
        """
        today = local_date(self._clock)
        window = Window(today - timedelta(days=365), today)
        choice = self._choice(window)
        notes: list[str] = [message(each.template, **each.details) for each in choice.warnings]
        choice.try_rights(self._client, window)
        costs = list(self._cost(choice, window).values())
        notes += [
            message(
                "{read}: {requests} requests, {size} MB, {rows} rows",
                read=each.read,
                requests=each.requests,
                size=Figure(each.bytes / 1e6, 1),
                rows=each.rows,
            )
            for each in costs
        ]
        if len(costs) > 1:
            cheaper = min(costs, key=lambda each: each.bytes)
            notes.append(
                message(
                    'for twelve months {read} move the fewest bytes: set read = "{read}", and '
                    "bucket to the sub-period of XYZ"
                    if cheaper.read == "turnovers"
                    else 'for twelve months {read} move the fewest bytes: set read = "{read}"',
                    read=cheaper.read,
                )
            )
        return notes
