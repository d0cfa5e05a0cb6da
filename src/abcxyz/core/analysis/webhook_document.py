"""Document that a webhook sends: the summary, with customers and leads if wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from abcxyz.core.analysis.summary import Summary
from abcxyz.core.documents import head, plain_value, reading

__all__ = ["WebhookDocument"]


def _records(records: Iterable[Mapping[str, Any]] | None) -> tuple[Mapping[str, Any], ...] | None:
    return None if records is None else tuple(records)


@frozen
class WebhookDocument:
    """What the webhook sends, and what its receiver reads.

    Parameters
    ----------
    summary
        Summary of the analysis.
    customers
        One record per customer, the largest value first; None if they are not sent.
    prospects
        One record per scored lead; None if there are none.
    crm
        Document of the reports on the CRM; None without a CRM.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz import Transactions, analyze
    >>> sales = Transactions(["a", "b"], [date(2026, 1, 5), date(2026, 2, 5)], [50, 20])
    >>> sent = WebhookDocument(analyze(sales, as_of="2026-03-01").summary())
    >>> WebhookDocument.from_dict(sent.to_dict()) == sent
    True
    """

    __hash__ = None  # type: ignore[assignment]

    summary: Summary
    customers: tuple[Mapping[str, Any], ...] | None = field(default=None, converter=_records)
    prospects: tuple[Mapping[str, Any], ...] | None = field(default=None, converter=_records)
    crm: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a document of plain values, ready for JSON; `from_dict` reads it back."""
        document = head("analysis") | {"summary": self.summary.to_dict()}
        for name in ("customers", "prospects"):
            records = getattr(self, name)
            if records is not None:
                document[name] = plain_value(records)
        if self.crm is not None:
            document["crm"] = dict(self.crm)
        return document

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WebhookDocument:
        """Build from the document received.

        Raises
        ------
        InputError
            It is another document, of another version, or damaged.
        """
        with reading(data, "analysis"):
            return cls(
                Summary.from_dict(data["summary"]),
                data.get("customers"),
                data.get("prospects"),
                data.get("crm"),
            )
