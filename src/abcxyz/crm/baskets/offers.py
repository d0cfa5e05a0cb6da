"""Offers and pairs of products, as rows with their evidence in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz.core.display import percent
from abcxyz.crm.baskets.pairs import Pairs
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.ranking import Ranked
from abcxyz.crm.reports.base import Row
from abcxyz.toolkit.catalogue import text

__all__ = ["BESTSELLER", "Offer", "ProductPair", "offers_of", "pair_rows"]

BESTSELLER = "bestseller"
"""Basis of an offer that no pair speaks for: it is simply bought by many."""


@frozen
class Offer(Row):
    """A product for a customer, or for a basket.

    Parameters
    ----------
    customer
        The customer; None for a basket.
    product
        The product.
    basis
        ``pairs`` or `BESTSELLER`.
    because
        The product that he has and that speaks for it; empty for bestsellers.
    both, of
        How many of those with *because* have the product too; of all for bestsellers.
    share
        Share of all that have the product.
    """

    customer: Any
    product: str
    basis: str
    because: str
    both: int
    of: int
    share: float

    def evidence(self, lang: str = "en") -> str:
        """Return the evidence in a sentence."""
        return self.explain(lang)

    def explain(self, lang: str = "en") -> str:
        """Return the evidence in a sentence."""
        share = percent(self.share, lang)
        if self.basis == BESTSELLER:
            return text("a bestseller: {share} of all buy it", lang, share=share)
        return text(
            "{both} of the {of} that buy {because} also buy {product} ({share} of all do)",
            lang,
            both=self.both,
            of=self.of,
            because=self.because,
            product=self.product,
            share=share,
        )


@frozen
class ProductPair(Row):
    """Two products that stand together in more baskets than chance explains.

    Parameters
    ----------
    product, other
        "Who has *product* also has *other*".
    both, with_product, with_other
        Baskets with both, and with either one.
    confidence, lift, shrunk_lift
        Share of the baskets with *product* that hold *other*; this share over that of all
        baskets; the same, pulled towards 1 where few baskets are expected.
    """

    product: str
    other: str
    both: int
    with_product: int
    with_other: int
    confidence: float
    lift: float
    shrunk_lift: float


def offers_of(
    ranked: Ranked, pairs: Pairs | None, source: Purchases, names: Sequence[Any]
) -> list[Offer]:
    """Return ranked products as offers; *names* are those of the baskets."""
    counts, n = source.counts.tolist(), len(source)
    products = source.products
    offers = []
    for basket, product, pair in zip(
        ranked.basket.tolist(), ranked.product.tolist(), ranked.pair.tolist(), strict=True
    ):
        share = counts[product] / n
        if pair < 0 or pairs is None:
            offer = Offer(
                names[basket], products[product], BESTSELLER, "", counts[product], n, share
            )
        else:
            offer = Offer(
                names[basket],
                products[product],
                "pairs",
                products[int(pairs.a[pair])],
                int(pairs.both[pair]),
                int(pairs.with_a[pair]),
                share,
            )
        offers.append(offer)
    return offers


def pair_rows(pairs: Pairs, products: Sequence[str]) -> list[ProductPair]:
    """Return the pairs as rows, the strongest first."""
    order = np.lexsort((pairs.b, pairs.a, -pairs.strength)).tolist()
    confidence, lift, shrunk = pairs.confidence, pairs.lift, pairs.shrunk_lift
    return [
        ProductPair(
            products[int(pairs.a[i])],
            products[int(pairs.b[i])],
            int(pairs.both[i]),
            int(pairs.with_a[i]),
            int(pairs.with_b[i]),
            float(confidence[i]),
            float(lift[i]),
            float(shrunk[i]),
        )
        for i in order
    ]
