"""Connection options of a base of 1C, shared by the source, the enricher and the sink."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from attrs import field, frozen

from abcxyz.plugins import Secret
from abcxyz.toolkit import Clock, SystemClock
from abcxyz_onec.odata.client import Client, connect
from abcxyz_onec.profiles import load
from abcxyz_onec.profiles.schema import Profile

__all__ = ["Connection"]


@frozen
class Connection:
    """Address and login of a base of 1C, and the names of its objects.

    Parameters
    ----------
    url
        Address of the OData interface, ending with ``/odata/standard.odata``.
    user, password
        Login of a user who may read the objects.
    profile
        ``ut11`` (also КА 2 and ERP 2), ``unf``, ``bp``, or the path of a TOML file.
    names
        Names that replace those of the profile, table by table.
    allowed_only
        Leave out rows that the user may not read, with a warning, instead of an error.
    allow_http
        Permit plain HTTP, which sends the password unencrypted.
    cache
        Folder of the cache of ``$metadata``.
    timeout
        Seconds to wait for an ordinary answer.
    clock
        Clock of dates and of waits between attempts; the system clock by default. Not a key of
        a job.

    Notes
    -----
    The password is not in the repr, and a connection cannot be pickled.

    Examples
    --------
    >>> Connection("https://host/base/odata/standard.odata", "Robot", "secret", profile="unf")
    Connection(url='https://host/base/odata/standard.odata', profile='unf')
    """

    url: str
    user: str = field(repr=False)
    password: Secret = field(repr=False)
    profile: Path | str = field(default="ut11", kw_only=True)
    names: Mapping[str, Any] | None = field(default=None, kw_only=True, repr=False)
    allowed_only: bool = field(default=False, kw_only=True, repr=False)
    allow_http: bool = field(default=False, kw_only=True, repr=False)
    cache: Path | None = field(default=None, kw_only=True, repr=False)
    timeout: float = field(default=120.0, kw_only=True, repr=False)
    clock: Clock = field(factory=SystemClock, kw_only=True, repr=False)

    def client(self, *, cache: Path | None = None, page_bytes: int = 32 << 20) -> Client:
        """Make a client of the base.

        Parameters
        ----------
        cache
            Folder of the cache of ``$metadata`` where the connection names none.
        page_bytes
            Target size of a page, in bytes.

        Raises
        ------
        ConfigError
            The address is not one of a standard OData interface.
        """
        return connect(
            self.url,
            self.user,
            self.password,
            cache=self.cache or cache,
            allowed_only=self.allowed_only,
            allow_http=self.allow_http,
            timeout=self.timeout,
            page_bytes=page_bytes,
            clock=self.clock,
        )

    def load_profile(self) -> Profile:
        """Read the profile, with *names* in place of its names.

        Raises
        ------
        ConfigError
            There is no such profile, or a name in it is not known.
        """
        return load(self.profile, self.names)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a connection holds a password and cannot be pickled")
