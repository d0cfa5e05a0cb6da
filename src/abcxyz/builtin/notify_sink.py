"""Sink that sends the raised alerts by e-mail or messenger, grouped by responsible employee."""

from __future__ import annotations

import contextlib
import logging
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.i18n import date_text, number, plural, text
from abcxyz.plugins import Secret, WriteReport
from abcxyz.toolkit.loopback import is_loopback

if TYPE_CHECKING:
    from apprise import Apprise

    from abcxyz.core.advice.alerts import Alert
    from abcxyz.core.analysis.record import Analysis

__all__ = ["NotifySink"]

#: Characters by which messengers mark links, mentions and formats, and look-alikes without effect.
_HARMLESS = str.maketrans("[]<>`*@", "()‹›'∗＠")
_LONGEST = 300  # characters of one sentence


class NotifySink:
    """Send the alerts that a run raises, as a list in words, by the package ``apprise``.

    Parameters
    ----------
    url
        Address that receives the list of all alerts, as ``apprise`` writes it:
        ``mailtos://user:password@host?to=ann@example.com``, ``tgram://token/chat``. Addresses hold
        tokens and are redacted in every message.
    owners
        Responsible employee -> address that receives the alerts of this employee alone.
    lang
        Language of the messages.
    insecure_loopback
        Accept an address without encryption on this machine.

    Raises
    ------
    ConfigError
        No address is given, one is none that ``apprise`` knows or sends without encryption, or
        the extra ``notify`` is not installed.

    Notes
    -----
    The subject holds a count and a date only, because subjects are shown on locked screens and
    stored by servers on the way. Nothing is sent where no alert is raised.
    """

    def __init__(
        self,
        url: Secret | None = None,
        *,
        owners: Mapping[str, Secret] | None = None,
        lang: str = "en",
        insecure_loopback: bool = False,
    ) -> None:
        if url is None and not owners:
            raise ConfigError("the sink notify has no address; give url, or owners")
        self._lang = lang
        self._all = None if url is None else _service(url, "url", insecure_loopback)
        self._owners = {
            str(owner): _service(address, f"owners.{owner}", insecure_loopback)
            for owner, address in (owners or {}).items()
        }

    def __repr__(self) -> str:
        return "NotifySink(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a notify sink holds addresses with secrets and cannot be pickled")

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Send the raised alerts; a dry run only counts them."""
        groups: dict[str | None, list[Alert]] = {}
        for alert in analysis.raised:
            groups.setdefault(None if alert.owner is None else str(alert.owner), []).append(alert)
        messages: list[tuple[Any, Mapping[str | None, Sequence[Alert]]]] = [
            (service, {owner: groups[owner]})
            for owner, service in self._owners.items()
            if owner in groups
        ]
        if self._all is not None and groups:
            messages.insert(0, (self._all, groups))
        covered = groups.keys() if self._all is not None else groups.keys() & self._owners.keys()
        failed: dict[str, str] = {}
        left: list[str] = []
        for service, part in messages:
            if not dry_run and not self._send(service, analysis, part):
                reason = text(
                    "not delivered by {service}; check the address and that the service works",
                    self._lang,
                    service=_name(service),
                )
                for alert in (alert for alerts in part.values() for alert in alerts):
                    failed[str(alert.customer)] = reason
                    left.append(alert.key)
        if left and len(left) == sum(_size(part) for _, part in messages):
            raise UnavailableError(
                "no message could be delivered by {services}; check the addresses and that the "
                "services work, then run the job again",
                services=", ".join(sorted({_name(service) for service, _ in messages})),
            )
        return WriteReport(
            written=sum(len(groups[owner]) for owner in covered) - len(set(left)),
            failed=failed,
            notes=self._notes(groups, messages),
            alerts_left=tuple(dict.fromkeys(left)),
        )

    def _notes(
        self,
        groups: Mapping[str | None, Sequence[Alert]],
        messages: Sequence[tuple[Any, Mapping[str | None, Sequence[Alert]]]],
    ) -> list[str]:
        notes = [
            f"{_name(service)}: {self._subject_count(_size(part))}" for service, part in messages
        ]
        if self._all is None and (without := groups.keys() - self._owners.keys()):
            count = sum(len(groups[owner]) for owner in without)
            notes.append(
                plural(
                    "{n} alert of employees without an address is not sent; add url|"
                    "{n} alerts of employees without an address are not sent; add url",
                    count,
                    self._lang,
                )
            )
        return notes

    def _send(
        self, service: Apprise, analysis: Analysis, part: Mapping[str | None, Sequence[Alert]]
    ) -> bool:
        with _silence():
            return bool(
                service.notify(
                    title=self.subject(analysis, part),
                    body=self.body(analysis, part),
                    body_format="text",
                )
            )

    def subject(self, analysis: Analysis, part: Mapping[str | None, Sequence[Alert]]) -> str:
        """Return the subject: a count and a date, and nothing personal."""
        return f"abcxyz: {self._subject_count(_size(part))}, " + date_text(
            analysis.snapshot.as_of, self._lang
        )

    def _subject_count(self, count: int) -> str:
        return plural("{n} alert|{n} alerts", count, self._lang)

    def body(self, analysis: Analysis, part: Mapping[str | None, Sequence[Alert]]) -> str:
        """Return the list in words: a heading for each employee, a line for each alert."""
        lines: list[str] = []
        for owner in sorted(part, key=lambda one: (one is None, one or "")):
            heading = (
                text("Without a responsible employee", self._lang)
                if owner is None
                else text("Responsible: {owner}", self._lang, owner=_plain(owner))
            )
            lines += ["", f"{heading} ({number(len(part[owner]), self._lang)})"]
            for alert in part[owner]:
                name = analysis.names.get(alert.customer)
                lines.append(f"- {_plain(alert.sentence(self._lang, name=name))}")
        return "\n".join(lines).strip()


def _size(part: Mapping[str | None, Sequence[Alert]]) -> int:
    return sum(map(len, part.values()))


def _plain(line: str) -> str:
    r"""Disarm what a terminal or a messenger would carry out, because names are untrusted.

    Examples
    --------
    >>> _plain("[click](x)\n\u202e@all")
    '(click)(x) ＠all'
    """
    printable = "".join(
        " " if char in "\n\t" else char for char in line
        if char in "\n\t" or unicodedata.category(char)[0] != "C"
    )  # fmt: skip
    harmless = printable.translate(_HARMLESS)
    return harmless if len(harmless) <= _LONGEST else harmless[: _LONGEST - 1] + "…"


def _name(service: Apprise) -> str:
    return ", ".join(str(one.service_name) for one in service)


def _service(address: str, option: str, insecure_loopback: bool) -> Apprise:
    with _silence():
        try:
            import apprise
        except ImportError:
            raise ConfigError(
                "the sink notify needs the extra {extra!r}; install it", extra="notify"
            ) from None
        service = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if service is None:
        raise ConfigError(
            "{option} of the sink notify is no address that apprise knows; write it as on its "
            "pages, such as mailtos://user:password@host?to=ann@example.com",
            option=option,
        )
    encrypted = service.secure or not service.protocol
    if not encrypted and not (insecure_loopback and is_loopback(service.host or "")):
        raise ConfigError(
            "{option} of the sink notify sends without encryption; write {secure}:// (on this "
            "machine insecure_loopback = true accepts it)",
            option=option,
            secure=_first(service.secure_protocol) or "https",
        )
    # A list that is too long for a messenger becomes several messages.
    service.overflow_mode = apprise.OverflowMode.SPLIT
    made = apprise.Apprise()
    made.add(service)
    return made


def _first(names: object) -> str:
    return str(names[0]) if isinstance(names, (list, tuple)) else str(names or "")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep ``apprise`` quiet, whose log names addresses and which loads deprecated modules."""
    log = logging.getLogger("apprise")
    before = log.disabled
    log.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before
