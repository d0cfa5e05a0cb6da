"""Connection options of a portal, shared by the source, the enricher and the sink."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import attrs
from attrs import field, frozen

from abcxyz.plugins import Secret
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.connect import connect

__all__ = ["NO_CONNECTION", "Connection"]


@frozen(kw_only=True)
class Connection:
    """Connection options of a portal: of a webhook, or of an application.

    Parameters
    ----------
    webhook
        Address of an incoming webhook, which holds its secret.
    client_id, client_secret, token_file, portal
        An application instead of a webhook; the file holds its tokens.
    plan
        ``standard``, ``enterprise`` or ``self-hosted``: the rate that the tariff allows.
    base_url
        Loopback address to send requests to instead, for trials.
    insecure_loopback
        Allow plain http to this machine.
    allow_hosts
        Addresses to which the portal may move.
    proxy
        Address of a proxy.
    pace_file
        File by which all processes of this machine share one rate limit.
    legacy
        The portal is an old self-hosted one without ``crm.item.*``: the methods ``crm.deal.*`` and
        its like are called instead.
    dedicated_user
        The user of the webhook or application does no work in the CRM, so that none of its
        activities is a movement of a deal.

    Notes
    -----
    Secrets are not in the repr, and a connection cannot be pickled.

    Examples
    --------
    >>> Connection(webhook="https://example.bitrix24.ru/rest/7/secret/", plan="enterprise")
    Connection(portal=None, plan='enterprise')
    """

    webhook: Secret | None = field(default=None, repr=False)
    client_id: str | None = field(default=None, repr=False)
    client_secret: Secret | None = field(default=None, repr=False)
    token_file: Path | None = field(default=None, repr=False)
    portal: str | None = None
    plan: str = "standard"
    base_url: str | None = field(default=None, repr=False)
    insecure_loopback: bool = field(default=False, repr=False)
    allow_hosts: Sequence[str] = field(default=(), repr=False)
    proxy: str | None = field(default=None, repr=False)
    pace_file: Path | None = field(default=None, repr=False)
    legacy: bool = field(default=False, repr=False)
    dedicated_user: bool = field(default=False, repr=False)

    def client(self) -> Client:
        """Build a client of the portal.

        Raises
        ------
        ConfigError
            An option is missing, or options contradict each other.
        """
        options = attrs.asdict(self, recurse=False)
        del options["dedicated_user"]
        return connect(**options)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a connection holds secrets and cannot be pickled")


NO_CONNECTION = Connection()
"""Default where a ready client is passed instead."""
