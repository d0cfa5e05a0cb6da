"""Recommendations: what else goes into a deal, and what a customer may buy next."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.core.display import percent
from abcxyz.crm.baskets.due import DueOffer, DueProduct, due_products
from abcxyz.crm.baskets.judgement import TOP, Judgement, judge_next, judge_together
from abcxyz.crm.baskets.next_products import class_of_customers, rank_next
from abcxyz.crm.baskets.offers import BESTSELLER, Offer, ProductPair, offers_of, pair_rows
from abcxyz.crm.baskets.pairs import Pairs, find_pairs
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.ranking import join_ranked, rank_by_pairs, rank_popular
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.crm.reports.base import Report, Row
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text

__all__ = [
    "BESTSELLER",
    "Offer",
    "ProductPair",
    "Recommendations",
    "recommend",
    "recommendations",
]

_BASKETS, _RETURNING = 500, 50


@frozen(slots=False)
class Recommendations(Report):
    """Result of `recommendations`.

    Parameters
    ----------
    basis
        ``pairs`` where these name what customers buy next better than the bestsellers do, with
        the whole interval; otherwise `BESTSELLER`.
    basis_together
        The same for what else goes into a basket.
    judged
        The tasks on which it was judged.
    offers
        Products that customers have not bought, by customer, those with the most money first.
    due
        Products that customers buy at a rhythm, and that are due.
    pairs
        Products that stand together in baskets, the strongest first.
    """

    basis: str
    basis_together: str
    judged: tuple[Judgement, ...]
    offers: tuple[Offer, ...]
    due: tuple[DueProduct, ...]
    pairs: tuple[ProductPair, ...]
    _baskets: Purchases = field(eq=False, repr=False)
    _together: Pairs = field(eq=False, repr=False)
    _worth: Floats = field(eq=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON; offers with their evidence."""
        names = ("basis", "basis_together", "judged", "offers", "due", "pairs")
        return {
            name: [one.to_dict() for one in value] if isinstance(value, tuple) else value
            for name, value in ((name, getattr(self, name)) for name in names)
        }

    def rows(self) -> list[Row]:
        """Return for each customer what is due, and then the offers."""
        due: dict[Any, list[Row]] = {}
        for one in self.due:
            due.setdefault(one.customer, []).append(DueOffer.of_product(one))
        listed: list[Row] = []
        for who, offers in itertools.groupby(self.offers, lambda one: one.customer):
            listed += due.pop(who, ())
            listed += offers
        return [*listed, *itertools.chain.from_iterable(due.values())]

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("What to offer next", lang)

    def explain(self, lang: str = "en") -> str:
        """Return how good the offers are, and what they rest on."""
        lines = []
        for one, basis in zip(self.judged, (self.basis_together, self.basis), strict=False):
            figures = {
                "rate": percent(one.hit_rate, lang),
                "popular": percent(one.popularity, lang),
                "n": one.tried,
            }
            if not one.tried:
                continue
            if one.task == "together":
                task = text("What else goes into a deal", lang)
            else:
                task = text("What a customer buys next", lang)
            if basis == BESTSELLER:
                figure = text(
                    "the bestsellers are offered: pairs of products were right for {rate} of {n} "
                    "cases of the last fifth of the time, the bestsellers for {popular}",
                    lang,
                    **figures,
                )
            else:
                figure = text(
                    "pairs of products were right for {rate} of {n} cases of the last fifth of "
                    "the time, the bestsellers for {popular}",
                    lang,
                    **figures,
                )
            lines.append(f"{task}: {figure}.")
        return " ".join(lines)

    def together_with(self, products: Sequence[str], top: int = TOP) -> tuple[Offer, ...]:
        """Return what else goes into a basket that holds some products.

        Parameters
        ----------
        products
            Names of products; unknown ones say nothing.
        top
            Number of offers.

        Raises
        ------
        InputError
            None of the products was ever sold.
        """
        place = {name: i for i, name in enumerate(self._baskets.products)}
        codes = np.unique([place[one] for one in products if one in place]).astype(np.int64)
        if not len(codes):
            raise InputError(
                "none of the products {products} was sold before; name one of the {count} that "
                "were",
                products=", ".join(map(repr, products)),
                count=len(place),
            )
        held = Purchases(
            np.zeros(len(codes), dtype=np.int64),
            codes,
            self._baskets.products,
            np.full(1, -1),
            self._baskets.customers,
            None,
        )
        none = np.empty(0, dtype=np.int64)
        ranked = rank_popular(self._baskets.counts * self._worth, held, top, none)
        pairs = None
        if self.basis_together != BESTSELLER:
            pairs = self._together
            by_pairs = rank_by_pairs(pairs, held, top, self._worth, none)
            ranked = join_ranked(by_pairs, ranked, len(place), top)
        return tuple(offers_of(ranked, pairs, self._baskets, [None]))


def recommendations(
    crm: CrmData,
    *,
    classes: Mapping[Any, str] | None = None,
    customer: Any = None,
    top: int = TOP,
    exclude: Collection[str] = (),
    worth: Mapping[str, float] | None = None,
    refused: Mapping[Any, Collection[str]] | None = None,
) -> Recommendations:
    """Recommend products by the won deals of a CRM; see `recommend`.

    Parameters
    ----------
    crm
        The records; the table ``product_lines`` is needed.
    classes, customer, top, exclude, worth, refused
        As in `recommend`.

    Raises
    ------
    InputError
        No product lines, or too few purchases.
    """
    today = np.datetime64(as_local(crm.until, crm.zone).date(), "D").astype(np.int64)
    return recommend(
        Purchases.of_deals(crm),
        today=int(today),
        classes=classes,
        customer=customer,
        top=top,
        exclude=exclude,
        worth=worth,
        refused=refused,
    )


def recommend(
    purchases: Purchases,
    *,
    today: int | None = None,
    classes: Mapping[Any, str] | None = None,
    customer: Any = None,
    top: int = TOP,
    exclude: Collection[str] = (),
    worth: Mapping[str, float] | None = None,
    refused: Mapping[Any, Collection[str]] | None = None,
) -> Recommendations:
    """Recommend products: to each customer what such customers buy, to a basket what goes along.

    Parameters
    ----------
    purchases
        Baskets of documents, deals or orders.
    today
        Days since 1970-01-01, for products that are due; None for the last day of the purchases.
    classes
        Customer -> class, industry or size: what customers of the same one buy counts most. None
        for the ABC classes by the money of the baskets, where it is known.
    customer
        One customer; None for all.
    top
        Number of products per customer.
    exclude
        Products that are not offered, such as discontinued ones or those out of stock.
    worth
        Product -> factor by which its place is weighed, such as its margin; others have 1.
    refused
        Customer -> products that he has refused.

    Returns
    -------
    Recommendations

    Raises
    ------
    InputError
        Under 500 baskets, or under 50 customers with two; an unknown customer.

    Notes
    -----
    Counted on pairs of products, in baskets and in the histories of customers: see
    `abcxyz.crm.baskets.pairs.find_pairs`. It is judged on the last fifth of the time; where it is
    not better than the bestsellers with its whole interval, the bestsellers are offered, and
    named so. A product that a customer buys already is not offered: where he buys it at a rhythm,
    it is listed when it is due.

    Examples
    --------
    >>> baskets = [i for i in range(600) for _ in range(2)]
    >>> products = [f"p{i % 40}" for i in range(1200)]
    >>> customers = [i // 2 % 300 for i in range(1200)]
    >>> made = recommend(Purchases.of(baskets, products, customers=customers))
    >>> made.basis_together, made.together_with(["p4"], top=1)[0].product
    ('pairs', 'p5')
    """
    _check(purchases)
    products = purchases.products
    factor = np.ones(len(products))
    for i, name in enumerate(products):
        if name in exclude:
            factor[i] = 0.0
        elif worth is not None and name in worth:
            factor[i] = worth[name]
    judged = [judge_together(purchases)]
    together = find_pairs(purchases)
    known = bool(len(purchases.customers))
    if known:
        judged.append(judge_next(purchases, classes))
    proven = [one.proven for one in judged]
    offers: list[Offer] = []
    due: list[DueProduct] = []
    if known:
        history = purchases.by_customer()
        chosen = _chosen(history, customer)
        of, _ = class_of_customers(purchases, classes)
        kind, barred = of[history.customer], _barred(history, refused)
        offers = _next_offers(history, kind, chosen, proven[1], factor, top, barred)
        offers = _most_money_first(offers, purchases)
        if purchases.day is not None:
            due = due_products(purchases, int(purchases.day.max()) if today is None else today)
        if customer is not None:
            (who,) = history.customers[history.customer[chosen]].tolist()
            due = [one for one in due if one.customer == who]
    return Recommendations(
        basis=_basis(known and proven[1]),
        basis_together=_basis(proven[0]),
        judged=tuple(judged),
        offers=tuple(offers),
        due=tuple(due),
        pairs=tuple(pair_rows(together, products)),
        baskets=purchases,
        together=together,
        worth=factor,
    )


def _basis(proven: bool) -> str:
    return "pairs" if proven else BESTSELLER


def _check(purchases: Purchases) -> None:
    if len(purchases) < _BASKETS:
        raise InputError(
            "{count} {count:basket|baskets} {count:is|are} too few to learn what goes "
            "together; {least} are needed",
            count=len(purchases),
            least=_BASKETS,
        )
    if not len(purchases.customers):
        return
    times = np.bincount(purchases.customer[purchases.customer >= 0])
    if int((times >= 2).sum()) < _RETURNING:
        raise InputError(
            "{count} {count:customer|customers} with two purchases {count:is|are} too few to "
            "learn what comes next; {least} are needed",
            count=int((times >= 2).sum()),
            least=_RETURNING,
        )


def _chosen(history: Purchases, customer: Any) -> Ints:
    """Return the baskets of one customer, or of all, in a history with a basket per customer."""
    if customer is None:
        return np.arange(len(history))
    names = history.customers[history.customer]
    found = np.flatnonzero(names == customer)
    if not len(found):
        # On a command line every identifier is a text.
        found = np.flatnonzero([str(one) == str(customer) for one in names.tolist()])
    if len(found) != 1:
        raise InputError(
            "the customer {customer!r} has bought nothing; check the identifier",
            customer=str(customer),
        )
    return found


def _barred(history: Purchases, refused: Mapping[Any, Collection[str]] | None) -> Ints:
    """Return ascending keys of the products that a customer has refused."""
    if not refused:
        return np.empty(0, dtype=np.int64)
    place = {name: i for i, name in enumerate(history.products)}
    row = {who: i for i, who in enumerate(history.customers[history.customer].tolist())}
    keys = [
        row[who] * len(place) + place[one]
        for who, names in refused.items()
        if who in row
        for one in names
        if one in place
    ]
    return np.unique(np.array(keys, dtype=np.int64))


def _next_offers(
    history: Purchases,
    kind: Ints,
    chosen: Ints,
    proven: bool,
    worth: Floats,
    top: int,
    barred: Ints,
) -> list[Offer]:
    names = history.customers[history.customer].tolist()
    served = np.zeros(len(history), dtype=bool)
    served[chosen] = True
    if not proven:
        popular = rank_popular(history.counts * worth, history, top, barred, served)
        return offers_of(popular, None, history, names)
    return [
        offer
        for part in rank_next(history, kind, served, top, worth, barred)
        for offer in offers_of(part.ranked, part.pairs, history, names)
    ]


def _most_money_first(offers: list[Offer], purchases: Purchases) -> list[Offer]:
    """Order offers by the money of their customers, those of one customer as they are."""
    money = purchases.money_of_customers()
    worth = np.zeros(len(purchases.customers)) if money is None else money
    order = np.lexsort((np.arange(len(worth)), -worth))
    place = {who: i for i, who in enumerate(purchases.customers[order].tolist())}
    return sorted(offers, key=lambda one: place[one.customer])
