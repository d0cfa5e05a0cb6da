"""Build a client of a portal from the options of a job."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve

from abcxyz.errors import ConfigError
from abcxyz.http import Transport
from abcxyz.toolkit import Clock, SystemClock, is_loopback, read_secret
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.caller import Caller
from abcxyz_bitrix.rest.credentials import OAuth, SecretOrReference, Webhook
from abcxyz_bitrix.rest.limits import Tariff
from abcxyz_bitrix.rest.shared_limits import SharedTokenBucket

__all__ = ["connect"]

_LOG = logging.getLogger("abcxyz_bitrix")


def connect(
    *,
    webhook: SecretOrReference | None = None,
    client_id: str | None = None,
    client_secret: SecretOrReference | None = None,
    token_file: Path | str | None = None,
    portal: str | None = None,
    base_url: str | None = None,
    insecure_loopback: bool = False,
    allow_hosts: Sequence[str] = (),
    plan: str | Tariff = "standard",
    timeout: float = 65.0,
    proxy: str | None = None,
    pace_file: Path | None = None,
    legacy: bool = False,
    clock: Clock | None = None,
) -> Client:
    """Build a client of a portal.

    Parameters
    ----------
    webhook
        Address of an incoming webhook, or a reference to it: ``{env = "NAME"}``,
        ``{file = "PATH"}`` or ``{keyring = "SERVICE/USER"}``.
    client_id, client_secret, token_file, portal
        An application instead of a webhook.
    base_url
        Loopback address to send requests to instead, for trials.
    insecure_loopback
        Allow plain http to this machine.
    allow_hosts
        Addresses to which the portal may move.
    plan
        ``standard``, ``enterprise`` or ``self-hosted``.
    pace_file
        File by which all processes of this machine share one rate limit.
    legacy
        Send the methods of old portals, ``crm.deal.*`` and its like, instead of ``crm.item.*``.
    timeout
        Seconds to wait for an answer, at least 65: the portal itself works up to 60.

    Raises
    ------
    ConfigError
        An option is missing, or options contradict each other.
    """
    if timeout < 65.0:
        raise ConfigError(
            "timeout = {timeout} is too short; a portal works up to 60 s, give at least 65",
            timeout=timeout,
        )
    timer = clock if clock is not None else SystemClock()
    transport = Transport(
        read_timeout=timeout,
        attempts=1,
        proxy=proxy,
        allow_loopback_http=insecure_loopback,
        clock=timer,
    )
    credentials: Webhook | OAuth
    if webhook is not None and client_id is None:
        address = read_secret(webhook, where="webhook: ")
        credentials = Webhook.parse(address, loopback=insecure_loopback)
    elif webhook is None and client_id and client_secret is not None and token_file and portal:
        secret = read_secret(client_secret, where="client_secret: ")
        credentials = OAuth.open(
            portal, client_id, secret, Path(token_file), transport, loopback=insecure_loopback,
            clock=timer,
        )  # fmt: skip
    else:
        raise ConfigError(
            "Bitrix24 needs either webhook, or client_id, client_secret, token_file and portal"
        )
    if base_url is not None:
        parts = urlsplit(base_url)
        if not (insecure_loopback and is_loopback(parts.hostname or "")):
            raise ConfigError(
                "base_url goes only to this machine, and only with insecure_loopback = true"
            )
        credentials = evolve(credentials, base=f"{parts.scheme}://{parts.netloc}")
    caller = Caller(
        credentials,
        transport,
        tariff=plan if isinstance(plan, Tariff) else Tariff.named(plan),
        clock=timer,
        allow_hosts=tuple(allow_hosts),
        note=_LOG.warning,
    )
    if pace_file is not None:
        limits = caller.tariff
        caller.limiter.tokens = SharedTokenBucket(pace_file, limits.rate, limits.burst, timer)
    return Client(caller, legacy)
