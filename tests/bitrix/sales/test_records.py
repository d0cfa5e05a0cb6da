"""Records of the sales of Bitrix24: what they take by name only, compare, and show."""

from __future__ import annotations

from tests.records import promises

#: A record that hides a field keeps secrets and what is known of customers out of messages; one
#: that is equal to itself alone holds arrays, or stands for a connection.
PROMISED: dict[str, set[str]] = {
    "reader.SalesReader": {"changes", "hides client", "hides note", "makes _cost_money"},
    "sale.Tally": {"changes"},
}


def test_records_are_taken_compared_and_shown_as_promised() -> None:
    assert promises("abcxyz_bitrix.sales") == PROMISED
