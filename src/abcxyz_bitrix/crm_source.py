"""Source of CRM records from a Bitrix24 portal."""

from __future__ import annotations

from collections.abc import Sequence

from abcxyz import Window
from abcxyz.crm import Activities, BusinessCalendar, CrmData
from abcxyz.errors import AbcxyzError, AuthenticationError
from abcxyz.plugins import Flat
from abcxyz_bitrix.connection import NO_CONNECTION, Connection
from abcxyz_bitrix.crm.customers import check_customer
from abcxyz_bitrix.crm.entities import DEAL, fields_of
from abcxyz_bitrix.crm.leads import leads_on
from abcxyz_bitrix.crm.stages import load_stages
from abcxyz_bitrix.records.activities import calls, read_activities, read_calendar, read_users
from abcxyz_bitrix.records.deals import DealReader, stage_map
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.errors import MethodNotFoundError
from abcxyz_bitrix.words import message

__all__ = ["BitrixCrm"]


class BitrixCrm:
    """Read the records of a portal's CRM for the reports.

    Parameters
    ----------
    connection
        Webhook or application, as in `BitrixSource`.
    zone
        Time zone of the business, such as ``Europe/Moscow``.
    customer, customer_id
        As in `BitrixSource`, so that deals and sales have the same customers.
    lost_reason
        Code of the field with the reason of a loss, such as ``UF_CRM_REASON``; without one the
        stage of the loss is the reason.
    client
        A ready client instead of a connection.

    Notes
    -----
    The portal tells the stage history of each deal's current funnel alone, and no history of
    amounts and owners. Telephony and the working calendar need rights of their own: without them
    that part is off, which `remarks` names.
    """

    def __init__(
        self,
        connection: Flat[Connection] = NO_CONNECTION,
        *,
        zone: str,
        customer: str = "company-or-contact",
        customer_id: str = "id",
        lost_reason: str = "",
        client: Client | None = None,
    ) -> None:
        self._customer, self._customer_id = check_customer(customer), customer_id
        self._zone, self._lost_reason = zone, lost_reason
        self.client = client or connection.client()
        self._remarks: list[str] = []
        self._calendar: BusinessCalendar | None = None

    def __repr__(self) -> str:
        return f"BitrixCrm({self.client.credentials.host!r})"

    def close(self) -> None:
        """Close the connections."""
        self.client.transport.close()

    def remarks(self) -> Sequence[str]:
        """Return what the portal does not show or does not hold, of the last reading."""
        return self._remarks

    def working_calendar(self) -> BusinessCalendar | None:
        """Return the working hours of the portal, of the last reading."""
        return self._calendar

    def preflight(self) -> Sequence[str]:
        """Check that the fields of the deals can be read."""
        fields_of(self.client, DEAL)
        return [self.client.credentials.host]

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        """Return everything alive in the half-open *window*, as known at its end."""
        self._remarks, self._calendar = [], None

        def wanted(table: str) -> bool:
            return tables is None or table in tables

        stages = load_stages(self.client, DEAL)
        reader = DealReader(
            self.client, stages, self._customer, self._customer_id, self._lost_reason
        )
        deals = reader.deals()
        changes, gone = reader.changes() if wanted("stage_changes") else (None, {})
        if gone:
            self._remarks.append(
                message(
                    "the history holds stages that the portal does not list any more: {stages}",
                    stages=", ".join(sorted(gone)),
                )
            )
        crm = CrmData(
            deals=deals,
            changes=changes,
            activities=self._activities(window) if wanted("activities") else None,
            leads=reader.leads() if wanted("leads") and self._has_leads() else None,
            lines=reader.lines(deals) if wanted("product_lines") else None,
            users=read_users(self.client) if wanted("users") else None,
            stages=stage_map(stages, gone),
            zone=self._zone,
        )
        if wanted("activities"):
            self._read_calendar(window)
        return crm.alive_in(window)

    def _has_leads(self) -> bool:
        if leads_on(self.client):
            return True
        self._remarks.append(message("leads are switched off on the portal"))
        return False

    def _activities(self, window: Window) -> Activities:
        talks: dict[int, tuple[float, bool]] = {}
        try:
            talks = calls(self.client, window)
        except (AuthenticationError, MethodNotFoundError) as problem:
            self._switched_off("telephony", problem)
        activities, unknown = read_activities(self.client, talks)
        if unknown:
            self._remarks.append(
                message(
                    "activities of unknown kinds are counted as other: {kinds}",
                    kinds=", ".join(f"{name} {count}" for name, count in unknown.most_common()),
                )
            )
        return activities

    def _read_calendar(self, window: Window) -> None:
        years = range(window.since.year - 1, window.until.year + 2)
        try:
            self._calendar = read_calendar(self.client, self._zone, years)
        except (AuthenticationError, MethodNotFoundError) as problem:
            self._switched_off("calendar", problem)

    def _switched_off(self, part: str, problem: AbcxyzError) -> None:
        self._remarks.append(
            message(
                "{part}: the portal does not show it, so that part is off ({problem})",
                part=part,
                problem=problem,
            )
        )
