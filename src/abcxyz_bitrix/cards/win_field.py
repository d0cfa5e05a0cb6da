"""The field of a deal's card with the probability that it is won: which deals are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from abcxyz.toolkit.catalogue import translate
from abcxyz_bitrix.cards.own_fields import CardFields, Value, ensure, none_value
from abcxyz_bitrix.crm.entities import DEAL, code_of, fields_of
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_moment
from abcxyz_bitrix.rest.lists import Listing, by_ids
from abcxyz_bitrix.words import text

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["WIN", "DealCard", "WinField"]

WIN = "WIN"
"""Code of the field."""

_CLOSED_DAYS = 60
_LEAST, _MOST = 1, 99  # percent: no open deal is certain, and 0 stands for none on some portals
_CREATED = "CREATED_TIME"


@frozen
class DealCard:
    """A deal whose field differs from the analysis.

    Parameters
    ----------
    number
        Id of the deal.
    values
        New value by the code of the field; empty while the field is not there yet.
    shows_none
        The card shows a value that means none, where a portal did not empty the field.
    """

    number: int
    values: dict[str, Value]
    shows_none: bool


class WinField:
    """Comparison of the field on the cards of deals with the probabilities of an analysis.

    Parameters
    ----------
    client
        Client of the portal.
    prefix, lang
        As in the sink.
    dry_run
        Create no field.

    Notes
    -----
    The field holds whole percent, 1 to 99. Deals that were decided in the last 60 days lose it.
    Identifiers may be those of another system: a deal is written only if it was created at the
    moment that the analysis knows.
    """

    def __init__(self, client: Client, *, prefix: str, lang: str, dry_run: bool) -> None:
        self._client, self._prefix, self._lang = client, prefix, lang
        self._dry_run = dry_run
        self.notes: list[str] = []
        self.unchanged = 0
        self.card_fields: CardFields | None = None

    def compare(self, analysis: Analysis) -> Iterator[DealCard]:
        """Yield the deals to write; nothing where there are no probabilities."""
        wanted = self._wanted(analysis)
        if not wanted:
            return
        self.card_fields = card_fields = ensure(
            self._client,
            DEAL,
            self._prefix,
            self._lang,
            dry_run=self._dry_run,
            optional=(WIN,),
        )
        names = fields_of(self._client, DEAL)
        created = names.name(_CREATED)
        listing = Listing(DEAL, (created, *card_fields.names.values()))
        strange = 0
        for row in by_ids(self._client, listing, sorted(wanted)):
            number = as_id(row["id"])
            known, value = wanted[number]
            at = as_moment(row.get(created))
            if at is None or int(at.timestamp()) != known:
                strange += 1
                continue
            now = card_fields.read(row).get(WIN)
            if now == value:
                self.unchanged += 1
                continue
            values = {} if card_fields.missing else {WIN: value}
            yield DealCard(number, values, value is None and now == none_value(WIN))
        if strange:
            self._note(
                "{count} {count:deal|deals} of the CRM {count:was created at another time "
                "than that|were created at other times than those} of this portal with the "
                "same id; {count:it is|they are} not written",
                count=strange,
            )

    def _wanted(self, analysis: Analysis) -> dict[int, tuple[int, Value]]:
        """Return id of a deal -> the second of its creation, and the value of the field."""
        from abcxyz.crm import CrmAnalysis, WinProbability

        made = analysis.crm
        win = made.reports.get("win") if isinstance(made, CrmAnalysis) else None
        if not isinstance(made, CrmAnalysis) or not isinstance(win, WinProbability):
            self._note("no CRM was read, so no deal has a probability; add [crm] to the job")
            return {}
        if win.basis == "none":
            self.notes.append(translate(win.model.why, self._lang))
            return {}
        crm, found = made.crm, {}
        for one in win.deals:
            if one.probability == one.probability:
                percent = min(max(round(100 * one.probability), _LEAST), _MOST)
                found[one.deal] = percent
        since = crm.until - np.timedelta64(_CLOSED_DAYS, "D")
        decided = crm.deals.deal[crm.outcomes.closed >= since].tolist()
        values: dict[Any, Value] = dict.fromkeys(decided) | found
        rows = crm.rows_of_deals(np.array(list(values), dtype=crm.deals.deal.dtype))
        wanted: dict[int, tuple[int, Value]] = {}
        for deal, row in zip(values, rows.tolist(), strict=True):
            number = as_id(str(deal).removeprefix("D_"))
            if number and code_of(DEAL, number) == deal:
                wanted[number] = int(crm.deals.created[row].astype(np.int64)), values[deal]
        if not wanted:
            self._note("the deals of the CRM are not those of Bitrix24; none is written")
        return wanted

    def _note(self, english: str, /, **fields: object) -> None:
        self.notes.append(text(english, self._lang, **fields))
