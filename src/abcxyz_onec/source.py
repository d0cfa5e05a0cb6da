"""Source of sales: registers or documents of a 1C base."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import attrs

from abcxyz import Quality, Transactions, Window
from abcxyz.errors import AbcxyzWarning, ConfigError
from abcxyz.plugins import Flat, ProgressCallback
from abcxyz.toolkit import local_date
from abcxyz.toolkit.catalogue import Figure
from abcxyz_onec.catalogs.customers import Directory, read_directory
from abcxyz_onec.connection import Connection
from abcxyz_onec.odata.client import Client
from abcxyz_onec.sales.account import Account
from abcxyz_onec.sales.checkpoint import Checkpoint
from abcxyz_onec.sales.customer_assignment import CustomerAssignment
from abcxyz_onec.sales.read_cost import ReadCost, cost_of_table
from abcxyz_onec.sales.read_plan import READS, ReadPlan, choose, costs_of
from abcxyz_onec.sales.reader import Part
from abcxyz_onec.words import message

__all__ = ["OneCSource"]

_ROUNDS = 4  # checks of what was read against 1C


class OneCSource:
    """Reads sales from 1C over its OData interface.

    Parameters
    ----------
    connection
        Connection of the base; its fields are keys of a job.
    read
        ``records``, ``turnovers``, ``documents``, or ``auto`` to choose by publication and cost.
    entity
        ``partner`` or ``counterparty``; by default partners where the configuration has them.
    customer_id
        ``ref``, ``code``, ``inn``, or an attribute of the customer's card.
    basis
        ``sales`` or ``payments``.
    metric
        ``revenue``, ``profit`` or ``count``: the value that will be analysed.
    bucket
        Unit of the XYZ series, such as ``month``. Only with it ``auto`` may choose turnovers,
        dated by the first days of their sub-periods.
    checkpoint
        Folder in which the parts of an interrupted read are stored for a day; also of the cache
        of ``$metadata`` where the connection names none.
    page_mb
        Target size of a page, in MiB.

    Notes
    -----
    Dates are days in the server's time zone. Returns are negative; documents not posted or marked
    for deletion, inactive records, and sales of predefined customers or without a customer are
    left out, and `data_quality` has their amounts. After a read `notes` has the way and traffic.
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
        self._progress: ProgressCallback | None = None
        self._lines = 0
        #: Whether the number and the days of sales matter to the caller; not a key of a job.
        self.needs_orders = True
        self._directory: Directory | None = None
        self._account = Account()

    def __repr__(self) -> str:
        return f"OneCSource({self._client.url!r})"

    @property
    def client(self) -> Client:
        """Client of the base, with its traffic."""
        return self._client

    def erase_customer(
        self,
        customer: str,  # noqa: ARG002 - a checkpoint is removed whole
        *,
        dry_run: bool,
    ) -> Mapping[str, int]:
        """Remove the checkpoints: the next reading starts over."""
        folder = self._checkpoint
        files = [] if folder is None else sorted(folder.glob("onec-read-*/*/*"))
        if not dry_run:
            for file in files:
                file.unlink()
        return {str(folder): len(files)} if files else {}

    def close(self) -> None:
        """Close the connection."""
        self._client.transport.close()

    def report_progress(self, callback: ProgressCallback) -> None:
        """Call *callback* with the number of lines during every later read."""
        self._progress = callback

    def customer_names(self) -> Mapping[str, str]:
        """Return customer to name; empty before the sales were read."""
        directory = self._directory
        if directory is None:
            return MappingProxyType({})
        names = {
            directory.ids[reference]: name
            for reference, name in directory.names.items()
            if reference not in directory.excluded
        }
        return MappingProxyType(names)

    def data_quality(self) -> Quality | None:
        """Return the lines used and left out; None before the sales were read."""
        return None if self._directory is None else self._account.quality()

    # -- reading -----------------------------------------------------------------------------

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every sale of the half-open *window*, each exactly once, in batches."""
        before = attrs.evolve(self._client.traffic)
        plan, directory, read = self._client.with_current_names(lambda: self._read_sales(window))
        assignment = CustomerAssignment(
            directory, by_key=plan.by_key, metric=self._metric, by_documents=plan.orders_known
        )
        for stretches in read.values():
            while stretches:
                for columns in stretches.pop(0).results:
                    batch = assignment.transactions(columns.unpacked(), self._account)
                    if len(batch):
                        yield batch
        self._account.note_ids(directory.id_problems, assignment.customers)
        self._account.note_hidden(len(self._client.restricted - {directory.catalog}))
        if self._checkpoint is not None:
            self._open_checkpoint(self._checkpoint, window, plan).clear()
        spent = self._client.traffic.since(before)
        self.notes.append(message("{title}: {spent}", title=plan.title, spent=spent))

    def _read_sales(self, window: Window) -> tuple[ReadPlan, Directory, dict[str, list[Part]]]:
        """Choose the way to read, and read the customers and all sales."""
        self._lines = 0
        plan = self._make_plan(window)
        self.notes = [message(note.template, **note.details) for note in plan.warnings]
        self.notes += plan.notes
        for note in plan.warnings:
            warnings.warn(note, stacklevel=2)
        self._account = Account()
        self._directory = directory = read_directory(
            self._client,
            self._profile,
            self._entity,
            self._customer_id,
            keys=plan.by_key,
        )
        folder = self._checkpoint
        checkpoint = None if folder is None else self._open_checkpoint(folder, window, plan)
        return plan, directory, self._read_all(plan, window, checkpoint)

    def _make_plan(self, window: Window) -> ReadPlan:
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
            orders=self.needs_orders,
        )

    def _open_checkpoint(self, folder: Path, window: Window, plan: ReadPlan) -> Checkpoint:
        about = {
            "url": self._client.url,
            "profile": repr(attrs.asdict(self._profile)),
            "reader": repr(plan.reader),
            "window": str(window),
            "allowed_only": self._client.allowed_only,
        }
        return Checkpoint(folder, about, now=self._clock.now())

    def _read_all(
        self, plan: ReadPlan, window: Window, checkpoint: Checkpoint | None
    ) -> dict[str, list[Part]]:
        """Read every part, and read again what was dated otherwise in 1C meanwhile."""
        read: dict[str, list[Part]] = {
            part: list(self._read_part(plan, part, window, checkpoint))
            for part in plan.reader.parts
        }
        for _ in range(_ROUNDS):
            changed = {
                part: plan.reader.changed(self._client, part, stretches)
                for part, stretches in read.items()
            }
            if not any(changed.values()):
                return read
            for part, stretches in changed.items():
                for old in stretches:
                    place = read[part].index(old)
                    fresh = self._fetch(plan, part, old.since, old.until, checkpoint)
                    read[part][place : place + 1] = fresh
        self._warn(
            AbcxyzWarning(
                "documents were entered or dated otherwise in 1C all the time while they were "
                "read, so some may be missing or counted twice; run again when nobody works in it"
            )
        )
        return read

    def _read_part(
        self, plan: ReadPlan, part: str, window: Window, checkpoint: Checkpoint | None
    ) -> Iterator[Part]:
        """Yield the stretches of a part, from the checkpoint where it has them."""
        at = window.since
        stored = checkpoint.parts(part) if checkpoint is not None else []
        while at < window.until:
            hit = next((each for each in stored if each[0] == at), None)
            loaded = checkpoint.load(hit[2]) if hit and checkpoint else None
            if hit and loaded is not None:
                at = hit[1]
                yield Part(hit[0], hit[1], *loaded)
                continue
            # Reading stops at the next stored stretch, which may still be valid.
            stop = min([each[0] for each in stored if each[0] > at], default=window.until)
            yield from self._fetch(plan, part, at, stop, checkpoint)
            at = stop

    def _fetch(
        self, plan: ReadPlan, part: str, since: date, until: date, checkpoint: Checkpoint | None
    ) -> Iterator[Part]:
        for stretch in plan.reader.read(self._client, part, since, until):
            if checkpoint is not None:
                checkpoint.save(part, stretch)
            results = [each.packed() for each in stretch.results if len(each)]
            self._lines += sum(map(len, results))
            if self._progress is not None:
                self._progress(self._lines, 0)
            yield attrs.evolve(stretch, results=results)

    def _warn(self, warning: AbcxyzWarning) -> None:
        self.notes.append(message(warning.template, **warning.details))
        warnings.warn(warning, stacklevel=4)

    def check(self) -> None:
        """Check that the objects are published, without reading sales.

        Raises
        ------
        ConfigError
            An object is not published; the message names it.
        """
        today = local_date(self._clock)
        self._make_plan(Window(today - timedelta(days=1), today))

    # -- preflight ---------------------------------------------------------------------------

    def cost(self, window: Window) -> Mapping[str, ReadCost]:
        """Return the cost of reading *window* for each published way, customers included."""
        return self._cost(self._make_plan(window), window)

    def _cost(self, plan: ReadPlan, window: Window) -> Mapping[str, ReadCost]:
        cards = [cost_of_table(self._client, query) for query in plan.customers]
        costs = plan.costs
        if not costs and plan.register is not None:
            costs = costs_of(self._client, *plan.register, window)
        return {
            each.read: attrs.evolve(
                each,
                requests=each.requests + sum(card.requests for card in cards),
                bytes=each.bytes + sum(card.bytes for card in cards),
            )
            for each in costs
        }

    def preflight(self) -> Sequence[str]:
        """Check that the sales can be read, and estimate the cost.

        Returns
        -------
        list of str
            Warnings of the plan, and the cost of the last twelve months for each way.

        Raises
        ------
        ConfigError
            An object is not published; the message names it.
        AuthenticationError
            The user may not read an object; the message names it.
        """
        return self._client.with_current_names(self._preflight)

    def _preflight(self) -> list[str]:
        today = local_date(self._clock)
        window = Window(today - timedelta(days=365), today)
        plan = self._make_plan(window)
        notes: list[str] = [message(each.template, **each.details) for each in plan.warnings]
        plan.try_rights(self._client, window)
        costs = list(self._cost(plan, window).values())
        notes += [
            message(
                "{read}: {requests} {requests:request|requests}, {size} MB, {rows} "
                "{rows:row|rows}",
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
