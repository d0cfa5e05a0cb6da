"""Attributes of customers and leads, and what an enricher may offer besides its two methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

__all__ = ["AttributeFiller", "Attributes", "EnrichmentNotes"]

Attributes = Mapping[str, Mapping[str, object]]
"""Attributes of customers or prospects: id -> attribute -> value."""


@runtime_checkable
class AttributeFiller(Protocol):
    """Optional, an enricher: attributes by what the enrichers before it returned.

    A job has a list of enrichers. One that knows an organisation by its INN needs the attribute
    ``inn`` that a CRM returned; it offers this method, and a job calls it in place of
    ``customers``, and once more with the prospects of all enrichers.
    """

    def fill(self, known: Attributes) -> Attributes:
        """Return further attributes of those in *known*, by their ids; unknown ones are left out.

        A value may have companions that name its date (``employees_as_of``, in ISO form) and its
        source (``employees_source``).
        """
        ...


@runtime_checkable
class EnrichmentNotes(Protocol):
    """Optional, an enricher: what it could not find or left out, for people."""

    def enrichment_notes(self) -> Sequence[str]:
        """Return sentences about the calls so far; text or messages of a catalogue."""
        ...
