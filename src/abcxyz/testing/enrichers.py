"""Contract test of enrichers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from abcxyz.core.sales.calendar import Window
from abcxyz.plugins import Attributes, Enricher
from abcxyz.testing.optional import check_close, check_facts, check_preflight
from abcxyz.testing.secrecy import check_failures, leaks
from abcxyz.testing.synthetic import HOSTILE, YEAR

__all__ = ["EnricherContract"]


def _plain(attributes: Attributes) -> dict[str, dict[str, object]]:
    return {key: dict(known) for key, known in attributes.items()}


class EnricherContract:
    """Tests of an enricher: inherit from this class in a test module, and override the fixtures.

    Required are ``make_enricher``, and ``known``: at least two customers that the system knows.
    """

    @pytest.fixture
    def make_enricher(self) -> Callable[[], Enricher]:
        """Return a function that builds an enricher over a fixed set of customers."""
        raise NotImplementedError("override the fixture make_enricher")

    @pytest.fixture
    def known(self) -> Sequence[str]:
        """Return at least two customers that are known."""
        raise NotImplementedError("override the fixture known")

    @pytest.fixture
    def window(self) -> Window:
        """Return the window of the facts."""
        return YEAR

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Return the secrets with which the enricher is built."""
        return ()

    @pytest.fixture
    def failures(self) -> Sequence[Callable[[], object]]:
        """Return calls that fail because the other system fails, one per kind of failure."""
        return ()

    def test_is_an_enricher(self, make_enricher: Callable[[], Enricher]) -> None:
        """It has both methods of an enricher."""
        assert isinstance(make_enricher(), Enricher)

    def test_returns_only_requested_customers(
        self, make_enricher: Callable[[], Enricher], known: Sequence[str]
    ) -> None:
        """Exactly the known customers come back, under the requested ids."""
        found = make_enricher().customers(known)
        assert len(set(known)) > 1, "override the fixture known: it should hold two customers"
        assert set(known) == set(found)
        for attributes in found.values():
            assert all(isinstance(name, str) for name in attributes)

    def test_leaves_out_the_unknown(
        self, make_enricher: Callable[[], Enricher], known: Sequence[str]
    ) -> None:
        """Unknown ids, also hostile or many, are left out and do not affect the others."""
        strangers = [*HOSTILE, *(f"no such customer {n}" for n in range(1000))]
        enricher = make_enricher()
        mixed = [*strangers[:500], *known, *strangers[500:]]
        assert _plain(enricher.customers(known)) == _plain(enricher.customers(mixed))

    def test_halves_add_up(
        self, make_enricher: Callable[[], Enricher], known: Sequence[str]
    ) -> None:
        """Requests in two parts, in reverse order, or repeated return the same attributes."""
        enricher = make_enricher()
        whole = _plain(enricher.customers(known))
        middle = len(known) // 2
        first, second = enricher.customers(known[:middle]), enricher.customers(known[middle:])
        assert whole == {**_plain(first), **_plain(second)}
        assert whole == _plain(enricher.customers([*reversed(known), *known]))

    def test_nobody_is_no_error(self, make_enricher: Callable[[], Enricher]) -> None:
        """No ids give an empty result."""
        assert dict(make_enricher().customers([])) == {}

    def test_prospects_are_the_same_again(self, make_enricher: Callable[[], Enricher]) -> None:
        """Prospects have attributes, and a second call returns the same."""
        enricher = make_enricher()
        found = enricher.prospects()
        assert all(isinstance(key, str) for key in found)
        assert _plain(found) == _plain(enricher.prospects())

    def test_facts_are_the_same_again(
        self, make_enricher: Callable[[], Enricher], window: Window
    ) -> None:
        """Facts, where offered, are `CrmFacts`, and equal when read again."""
        check_facts(make_enricher(), window)

    def test_may_be_closed(
        self, make_enricher: Callable[[], Enricher], known: Sequence[str]
    ) -> None:
        """The enricher can be closed after use."""
        enricher = make_enricher()
        enricher.customers(known)
        check_close(enricher)

    def test_preflight_says_what_it_found(self, make_enricher: Callable[[], Enricher]) -> None:
        """A preflight, where offered, returns lines of text."""
        check_preflight(make_enricher())

    def test_keeps_secrets(
        self,
        make_enricher: Callable[[], Enricher],
        known: Sequence[str],
        secrets: Sequence[str],
        failures: Sequence[Callable[[], object]],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """No secret is in the repr, the log or a failure; every failure is an `AbcxyzError`."""
        if secrets and not failures:
            pytest.fail("an enricher with secrets needs the fixture failures")
        with caplog.at_level("DEBUG"):
            enricher = make_enricher()
            enricher.customers(known)
            enricher.prospects()
        assert leaks(repr(enricher) + str(enricher) + caplog.text, secrets) == []
        check_failures(failures, secrets, caplog)
