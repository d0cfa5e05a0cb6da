"""Sentences of the sections, which the script of the page makes again for chosen customers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["SENTENCES"]

#: Name -> sentence. Those of the metric are in `figures`.
SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "silent": "{n} large customer has never been silent for so long|"
        "{n} large customers have never been silent for so long",
        "but": "{growth}, but {silence}",
        "and": "{growth}, and {silence}",
        "nobody": "No customer brings more than the others",
        "sold": "{n} customer with sales|{n} customers with sales",
        "part": "{n} customer of {all}|{n} customers of {all}",
        "toCall": "{n} customer to call|{n} customers to call",
        "customers": "{n} customer|{n} customers",
        "noCalls": "Nobody to call today",
        "onlyReturned": "Nobody to call today; {n} silent customer has been silent longer before|"
        "Nobody to call today; {n} silent customers have been silent longer before",
        "call": "Call today: {name}",
        "calls": "Call today: {name} and {n} more|Call today: {name} and {n} more",
        "returned": "{begun}; {n} other has been silent longer before and came back|"
        "{begun}; {n} others have been silent longer before and came back",
        "ofThem": "{begun}; {n} of them has been silent longer before and came back|"
        "{begun}; {n} of them have been silent longer before and came back",
        "cameBack": "Silent, but came back after longer pauses: {n}|"
        "Silent, but came back after longer pauses: {n}",
        "never": "never silent for so long",
        "once": "ordered once",
        "pause": "was silent for {n} day and came back|was silent for {n} days and came back",
        "chance": "{chance} likely not to come back",
        "days": "{n} day|{n} days",
        "usually": "usually {days}",
        "more": "and {n} more|and {n} more",
        "inWorkbook": "{n} more is in the workbook|{n} more are in the workbook",
        "mostMoney": "The {shown} with the most money; the workbook lists all {all}.",
        "rise": "May rise to A: {name}",
        "rises": "May rise to A: {name} and {n} more|May rise to A: {name} and {n} more",
        "bestMonth": "Best month: {month}, {money}; class A brings {share} of the window",
        "bestPeriod": "Best period: {month}, {money}; class A brings {share} of the window",
        "before": "a window before: {money}",
        "unchanged": "Nothing changed between the windows",
        "onlyMore": "Nobody bought less; growth brought {won}",
        "onlyLess": "Nobody bought more; those who bought less or left cost {lost}",
        "byOld": "Existing customers brought most of the growth; "
        "those who bought less or left cost {lost}",
        "byNew": "New customers brought most of the growth; "
        "those who bought less or left cost {lost}",
        "moved": "{n} customer fell or left, {rose} rose or came|"
        "{n} customers fell or left, {rose} rose or came",
        "stayed": "No customer changed class",
        "cells": "{n} {segment} customer: {base} of the customers, {money} of the money|"
        "{n} {segment} customers: {base} of the customers, {money} of the money",
        "empty": "nobody",
        "without": "Not classified: {n} customer without sales in the window|"
        "Not classified: {n} customers without sales in the window",
        "question": "Most is in question with {owner}: {money}",
        "noQuestion": "No owner has a customer in question",
        "since": "{segment} since {day}",
        "sinceBefore": "{segment} since {day}, before {before}",
        "unsold": "no sales",
        "unlisted": "not listed",
    }
)
