"""Anonymisation: an analysis with hashed identifiers and without names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from abcxyz._arrays import freeze
from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.advice.alerts import Alert
    from abcxyz.core.advice.backtest import Backtest
    from abcxyz.core.advice.calls import CallList
    from abcxyz.core.advice.growth import GrowthList
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.panel import Panel
    from abcxyz.core.sales.quality import Quality
    from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["anonymize"]

_LEAST_KEY = 16
_LINE = re.compile(r"line \d+")


def anonymize(analysis: Analysis, key: bytes) -> Analysis:
    """Replace the identifiers of customers, leads and deals by keyed hashes, and drop names.

    Parameters
    ----------
    analysis
        Analysis to anonymise; it is not changed.
    key
        Secret key of at least 16 bytes. The same key gives the same hashes, so that results can
        be compared; without the key, hashes cannot be reversed by trying identifiers.

    Returns
    -------
    Analysis
        Anonymised analysis with the same classes and sums. Of the attributes of a customer only
        the owner remains, of doubtful lines only the line numbers, of the CRM nothing.

    Raises
    ------
    InputError
        The key is too short.

    Notes
    -----
    The hash is 60 bits of HMAC-SHA256 of the identifier and its type, in base 32. Sums and dates
    are unchanged, so a reader who knows those of a customer may still recognise the line.
    """
    if len(key) < _LEAST_KEY:
        raise InputError(
            "the key for hashes has {count} {count:byte|bytes}; give at least {least}, such "
            "as the output of: openssl rand -hex 32",
            count=len(key),
            least=_LEAST_KEY,
        )
    mask = _Mask(key)
    moves, actions, scores = analysis.transitions, analysis.actions, analysis.prospects
    return attrs.evolve(
        analysis,
        snapshot=_snapshot(analysis.snapshot, mask),
        panel=_panel(analysis.panel, mask),
        previous=None if analysis.previous is None else _snapshot(analysis.previous, mask),
        year_ago=None if analysis.year_ago is None else _snapshot(analysis.year_ago, mask),
        names={},
        attributes=_owners(analysis.attributes, mask),
        quality=None if analysis.quality is None else _quality(analysis.quality),
        transitions=None if moves is None else mask.within(moves),
        actions=None if actions is None else mask.within(actions),
        lapse=None if analysis.lapse is None else mask.within(analysis.lapse),
        outcomes=[attrs.evolve(one, customer=mask.one(one.customer)) for one in analysis.outcomes],
        rise=None if analysis.rise is None else mask.within(analysis.rise),
        calls=None if analysis.calls is None else _calls(analysis.calls, mask),
        history=None,
        backtest=None if analysis.backtest is None else _backtest(analysis.backtest, mask),
        growth=None if analysis.growth is None else _growth(analysis.growth, mask),
        crm=None,
        raised_before=(),
        alerts=tuple(_alert(one, mask) for one in analysis.alerts),
        quiet=frozenset(
            _alert(one, mask).key for one in analysis.alerts if one.key in analysis.quiet
        ),
        prospects=None
        if scores is None
        else attrs.evolve(
            scores, ids=mask.all(scores.ids), unreadable=_without_values(scores.unreadable)
        ),
    )


class _Mask:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def one(self, known: Any) -> str:
        plain = known.item() if isinstance(known, np.generic) else known
        # The number 1 and the text "1" are two customers.
        message = f"{type(plain).__name__}:{plain}".encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, message, hashlib.sha256)
        return base64.b32encode(digest)[:12].decode().lower()

    def all(self, known: npt.NDArray[Any]) -> npt.NDArray[Any]:
        hashes = np.empty(len(known), dtype=object)
        hashes[:] = [self.one(one) for one in known.tolist()]
        return freeze(hashes)

    def within(self, table: Any) -> Any:
        """Replace the customer identifiers of a table, where it has some."""
        if table.customers is None:
            return table
        return attrs.evolve(table, customers=self.all(table.customers))


def _snapshot(snapshot: Snapshot, mask: _Mask) -> Snapshot:
    return attrs.evolve(snapshot, customers=mask.all(snapshot.customers))


def _panel(panel: Panel, mask: _Mask) -> Panel:
    earlier = None if panel.earlier is None else _panel(panel.earlier, mask)
    return attrs.evolve(panel, customers=mask.all(panel.customers), earlier=earlier)


def _owners(
    attributes: Mapping[Any, Mapping[str, object]], mask: _Mask
) -> dict[str, dict[str, object]]:
    return {
        mask.one(who): {"owner": known["owner"]}
        for who, known in attributes.items()
        if "owner" in known
    }


def _quality(quality: Quality) -> Quality:
    """Keep line numbers, and drop the content of the lines."""
    return attrs.evolve(
        quality,
        issues=[
            attrs.evolve(
                issue,
                examples=[line[0] for one in issue.examples if (line := _LINE.match(one))],
            )
            for issue in quality.issues
        ],
    )


def _without_values(unreadable: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(attrs.evolve(one, value="") for one in unreadable)


def _calls(calls: CallList, mask: _Mask) -> CallList:
    hashed = [
        attrs.evolve(
            one,
            customer=mask.one(one.customer),
            outcome=None
            if one.outcome is None
            else attrs.evolve(one.outcome, customer=mask.one(one.outcome.customer)),
        )
        for one in calls
    ]
    return attrs.evolve(calls, calls=tuple(hashed))


def _backtest(tried: Backtest, mask: _Mask) -> Backtest:
    hashed = (attrs.evolve(one, customer=mask.one(one.customer)) for one in tried.namings)
    return attrs.evolve(tried, namings=tuple(hashed))


def _growth(growth: GrowthList, mask: _Mask) -> GrowthList:
    hashed = (attrs.evolve(one, customer=mask.one(one.customer)) for one in growth)
    return attrs.evolve(growth, customers=tuple(hashed))


def _alert(alert: Alert, mask: _Mask) -> Alert:
    # The facts of an anomaly name groups of the CRM: employees, sources, products.
    facts = {} if alert.about_figure else dict(alert.facts)
    if "deal" in facts:
        facts["deal"] = mask.one(facts["deal"])
    # With the same secret, an alert has the same key every day.
    return attrs.evolve(
        alert,
        customer=mask.one(alert.customer),
        key=f"{alert.kind}:{mask.one(alert.key)}",
        facts=facts,
    )
