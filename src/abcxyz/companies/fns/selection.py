"""Selection of organisations of an index by region and industry."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define

from abcxyz.core.companies.industries import industry_name, section_of
from abcxyz.core.companies.regions import REGIONS
from abcxyz.errors import InputError

__all__ = ["Selection", "parse_selection"]


@define
class Selection:
    """Organisations of some regions and industries; of all where a list is empty.

    Parameters
    ----------
    regions
        Two digits each.
    industries
        Sections, or codes of OKVED-2 with all codes below them.
    unknown
        Number of organisations left out because their region or industry is unknown.
    """

    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    unknown: int = 0

    def admits(self, attributes: Mapping[str, object]) -> bool:
        """Return whether an organisation is among them, by its attributes.

        Examples
        --------
        >>> trade = parse_selection(None, "46.3,F")
        >>> [trade.admits({"industry_code": code}) for code in ("46.31", "46.90", "41.20")]
        [True, False, True]
        >>> trade.admits({}), trade.unknown
        (False, 1)
        """
        region, code = attributes.get("region"), attributes.get("industry_code")
        if (self.regions and region is None) or (self.industries and code is None):
            self.unknown += 1
            return False
        if self.regions and region not in self.regions:
            return False
        written = str(code)
        return not self.industries or any(
            section_of(written) == one or written.startswith(one) for one in self.industries
        )


def parse_selection(regions: str | None, industries: str | None) -> Selection:
    """Read lists of regions and industries, separated by commas.

    Raises
    ------
    InputError
        A region or an industry is unknown.
    """
    chosen = Selection(_list(regions), tuple(one.upper() for one in _list(industries)))
    for one in chosen.regions:
        if one not in REGIONS:
            raise InputError(
                "{region!r} is no region; write its two digits, such as 77 for Moscow", region=one
            )
    for one in chosen.industries:
        if industry_name(one) is None:
            raise InputError(
                "{industry!r} is no industry; write a section such as G, or a code of OKVED-2 "
                "such as 46 or 46.90",
                industry=one,
            )
    return chosen


def _list(written: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in (written or "").split(",") if one.strip())
