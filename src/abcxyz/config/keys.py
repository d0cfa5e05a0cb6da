"""Every key of a job file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from attrs import frozen

__all__ = ["TABLES", "Key"]

_NAMES: Mapping[Any, str] = MappingProxyType(
    {str: "text", float: "a number", int: "a whole number", bool: "true or false"}
)


@frozen
class Key:
    """A key of the job file.

    Parameters
    ----------
    kind
        What it takes, as an annotation.
    default
        Its value when not given; None says that there is none.
    meaning
        One line for who writes a job.
    """

    kind: Any
    default: object
    meaning: str

    @property
    def takes(self) -> str:
        """Say what it takes in the words of a job.

        Examples
        --------
        >>> TABLES["abc"]["a"].takes, TABLES["xyz"]["ddof"].takes
        ('a number', '0 | 1')
        """
        choices = getattr(self.kind, "__args__", ())
        if choices and all(isinstance(one, (str, int)) for one in choices):
            return " | ".join(repr(one).replace("'", '"') for one in choices)
        return _NAMES.get(self.kind, "text, or a table of texts")


#: Table -> key -> what it is. Adapters add their own options to the last three.
TABLES: Mapping[str, Mapping[str, Key]] = MappingProxyType(
    {
        "window": {
            "period": Key(str, "12M", "complete periods to take: a number and D W T M Q H Y"),
            "bucket": Key(str, None, "sub-period of the XYZ series; the period itself by default"),
            "metric": Key(
                Literal["revenue", "profit", "count"], "revenue", "what a customer's value is"
            ),
        },
        "abc": {
            "rule": Key(
                Literal["tangent", "cumulative-mean", "shares", "count-shares", "limits"],
                "tangent",
                "how the values are cut",
            ),
            "a": Key(float, None, "shares, count-shares: the share of A"),
            "b": Key(float, None, "shares, count-shares: the share of A and B"),
            "first": Key(float, None, "limits: the least value of A"),
            "second": Key(float, None, "limits: the least value of B"),
        },
        "xyz": {
            "rule": Key(
                Literal["tangent", "cumulative-mean", "limits"],
                "tangent",
                "how the coefficients of variation are cut",
            ),
            "first": Key(float, None, "limits: the largest CV of X"),
            "second": Key(float, None, "limits: the largest CV of Y"),
            "cv_decimals": Key(int, None, "cumulative-mean: round the CV first, as 1C does to 2"),
            "ddof": Key(Literal[0, 1], 0, "0: population deviation, 1: of a sample"),
            "since_first": Key(bool, False, "count the periods from the first sale on"),
            "single_order": Key(bool, None, "classify who ordered once; the rule decides"),
        },
        "history": {
            "path": Key(str, None, "file of the snapshots; without it nothing is compared"),
        },
        "alerts": {
            "near": Key(float, 0.1, "a B that lacks up to this share of A's limit is near it"),
            "quantile": Key(float, 0.9, "a silence beyond this quantile of own gaps is a lapse"),
            "least_gaps": Key(int, 5, "with fewer gaps those of the class count"),
            "deal_days": Key(int, 3, "a deal without movement for more days is stalled"),
            "dead_top": Key(int, 10, "so many customers of class C, by time spent"),
            "lead_days": Key(int, 1, "a P-A lead is to be contacted within so many days"),
        },
        "playbook": {
            "path": Key(str, None, "file that rewrites the recommendations"),
        },
        "report": {
            "lang": Key(Literal["en", "ru"], "en", "language of what people read"),
            "currency": Key(str, None, "sign behind the money, for sinks that show one"),
            "title": Key(str, None, "heading, for sinks that show one"),
        },
        "source": {
            "kind": Key(str, None, "name of the adapter"),
            "id_map": Key(str | dict[str, str], None, "this system's customer -> the common one"),
            "id_prefix": Key(str, None, "put before customers that the map does not hold"),
        },
        "enricher": {
            "kind": Key(str, None, "name of the adapter"),
            "scorecard": Key(str, None, "file that scores its prospects; ours by default"),
        },
        "sink": {"kind": Key(str, None, "name of the adapter")},
    }
)
