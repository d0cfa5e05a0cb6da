"""The whole computation, pure: sales and settings in, everything a sink shows out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from abcxyz.core.classify import classify_abc, classify_xyz
from abcxyz.core.matrix import Matrix, build_matrix
from abcxyz.core.panel import Panel, aggregate
from abcxyz.core.prospects import ProspectScores
from abcxyz.core.quality import Quality
from abcxyz.core.results import AbcResult, XyzResult
from abcxyz.core.snapshot import Settings, Snapshot
from abcxyz.core.transactions import Transactions
from abcxyz.errors import InputError

__all__ = ["Analysis", "analyze"]


def _sealed(found: Mapping[Any, str]) -> Mapping[Any, str]:
    return MappingProxyType(dict(found))


def _sealed_all(
    found: Mapping[Any, Mapping[str, object]],
) -> Mapping[Any, Mapping[str, object]]:
    return MappingProxyType({key: MappingProxyType(dict(known)) for key, known in found.items()})


@frozen(kw_only=True)
class Analysis:
    """All a sink sees.

    Parameters
    ----------
    snapshot
        Customers and their classes.
    abc, xyz
        Both classifications, in the snapshot's order.
    matrix
        The nine segments.
    panel
        Money per customer and bucket, in the snapshot's order.
    quality
        The account of what was wrong in the sales.
    names
        Customer to name, where a source knows it.
    attributes
        Customer to what else is known, where an enricher was asked.
    prospects
        Scores of those who have not bought yet, where an enricher knows any.
    """

    snapshot: Snapshot
    abc: AbcResult
    xyz: XyzResult
    matrix: Matrix
    panel: Panel
    quality: Quality | None = None
    names: Mapping[Any, str] = field(factory=dict, converter=_sealed)
    attributes: Mapping[Any, Mapping[str, object]] = field(factory=dict, converter=_sealed_all)
    prospects: ProspectScores | None = None

    @property
    def settings(self) -> Settings:
        """What decided the classes."""
        return self.snapshot.settings

    def _repr_html_(self) -> str:
        return self.matrix._repr_html_()


def analyze(
    transactions: Transactions | Iterable[Transactions] | Panel,
    *,
    as_of: date,
    settings: Settings | None = None,
    quality: Quality | None = None,
    names: Mapping[Any, str] | None = None,
) -> Analysis:
    """Classify every customer on both axes.

    Parameters
    ----------
    transactions
        Sales, at once or in batches; or a panel made of them by `aggregate`.
    as_of
        The day of the classification; the complete periods before it count.
    settings
        Window, metric and rules; the default ones when not given.
    quality
        The account of the source, handed through.
    names
        Customer to name, handed through.

    Returns
    -------
    Analysis

    Raises
    ------
    InputError
        Nobody appears in the sales, or the panel is of another window or metric.

    Examples
    --------
    >>> sales = Transactions(
    ...     ["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5), date(2026, 2, 9)], [50, 50, 10]
    ... )
    >>> result = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M"))
    >>> result.snapshot.to_frame()["segment"].tolist()
    ['AX', 'BZ']
    """
    settings = Settings() if settings is None else settings
    periods = settings.periods(as_of)
    if isinstance(transactions, Panel):
        panel = transactions
        if (panel.periods, panel.metric) != (periods, settings.metric):
            raise InputError(
                "the panel holds {found} over {window}, and the settings ask for {metric} over "
                "{wanted}; aggregate with the same periods and metric",
                found=panel.metric,
                window=panel.periods.window,
                metric=settings.metric,
                wanted=periods.window,
            )
    else:
        batches = [transactions] if isinstance(transactions, Transactions) else transactions
        panel = aggregate(batches, periods, metric=settings.metric)
    if not len(panel):
        raise InputError("there are no sales; check the source and its window")
    abc = classify_abc(panel.value, settings.abc, metric=settings.metric)
    xyz = classify_xyz(
        panel.sales,
        settings.xyz,
        ddof=settings.ddof,
        since_first=settings.since_first,
        single_order=settings.single_order,
        orders=panel.orders,
    )
    snapshot = Snapshot(
        as_of=as_of,
        periods=periods,
        settings=settings,
        customers=panel.customers,
        abc=abc.codes,
        xyz=xyz.codes,
        value=panel.value,
        cv=xyz.cv,
        orders=panel.orders,
        first_day=panel.first_day,
        last_day=panel.last_day,
    )
    return Analysis(
        snapshot=snapshot,
        abc=abc,
        xyz=xyz,
        matrix=build_matrix(abc, xyz),
        panel=panel,
        quality=quality,
        names=names or {},
    )
