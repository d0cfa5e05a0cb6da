"""Credentials of callers: incoming webhooks, applications, codes and tokens."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable
from typing import Any

from attrs import define, field
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.limits import Clock

__all__ = ["ALL_SCOPES", "Access", "Application", "Caller", "Webhook"]

ALL_SCOPES = frozenset(
    {
        "crm", "user_brief", "user", "department", "im", "task", "tasks", "sale",
        "userfieldconfig", "catalog", "telephony", "calendar",
    }
)  # fmt: skip
CODE_LIFE, ACCESS_LIFE, REFRESH_LIFE = 30, 3600, 180 * 86400
_SIGNS = string.ascii_lowercase + string.digits


@define
class Webhook:
    """An incoming webhook of an employee."""

    user: int
    secret: str
    scopes: frozenset[str]
    expires: float | None = None


@define
class Application:
    """A local application."""

    client_id: str
    client_secret: str
    scopes: frozenset[str]
    blocked: str = ""


@define
class Caller:
    """User and credential of a request; budgets are counted by ``credential``."""

    user: int
    scopes: frozenset[str]
    credential: str
    application: bool = False


@define
class Access:
    """The credentials that a portal knows.

    ``refreshes`` counts the pairs issued for a refresh token, and ``stale`` the attempts with
    one that had been used already.
    """

    clock: Clock
    random: random.Random
    webhooks: list[Webhook] = field(factory=list)
    applications: dict[str, Application] = field(factory=dict)
    codes: dict[str, tuple[str, int, float]] = field(factory=dict)
    tokens: dict[str, tuple[str, int, float]] = field(factory=dict)
    refresh_tokens: dict[str, tuple[str, int, float]] = field(factory=dict)
    refreshes: int = 0
    stale: int = 0

    def make(self, length: int = 32) -> str:
        """Generate a secret."""
        return "".join(self.random.choices(_SIGNS, k=length))

    def webhook(
        self,
        user: int = 1,
        scopes: Iterable[str] = ALL_SCOPES,
        *,
        secret: str | None = None,
        expires: float | None = None,
    ) -> Webhook:
        """Make an incoming webhook."""
        hook = Webhook(user, secret or self.make(16), frozenset(scopes), expires)
        self.webhooks.append(hook)
        return hook

    def application(
        self, scopes: Iterable[str] = ALL_SCOPES, client_id: str = "local.65f1a2.12345678"
    ) -> Application:
        """Register a local application."""
        app = Application(client_id, self.make(50), frozenset(scopes))
        self.applications[client_id] = app
        return app

    def authorize(self, client_id: str, user: int = 1) -> str:
        """Return the authorisation code after a user's consent; it is valid for 30 seconds."""
        code = self.make()
        self.codes[code] = (client_id, user, self.clock() + CODE_LIFE)
        return code

    def issue(self, client_id: str, user: int = 1) -> tuple[str, str]:
        """Issue a pair of access and refresh tokens."""
        access, refresh = self.make(), self.make()
        now = self.clock()
        self.tokens[access] = (client_id, user, now + ACCESS_LIFE)
        self.refresh_tokens[refresh] = (client_id, user, now + REFRESH_LIFE)
        return access, refresh

    def expire_tokens(self) -> None:
        """Mark every access token as expired."""
        now = self.clock()
        self.tokens = {token: (app, user, now) for token, (app, user, _) in self.tokens.items()}

    def by_webhook(self, user: str, secret: str) -> Caller:
        """Recognise the owner of a webhook."""
        for hook in self.webhooks:
            if str(hook.user) == user and hook.secret == secret:
                if hook.expires is not None and self.clock() >= hook.expires:
                    break
                return Caller(hook.user, hook.scopes, f"webhook {hook.user}/{hook.secret}")
        raise RefusedError(401, "NO_AUTH_FOUND", "Wrong authorization data")

    def by_token(self, token: str) -> Caller:
        """Recognise the owner of an access token."""
        known = self.tokens.get(token)
        if known is None:
            raise RefusedError(401, "NO_AUTH_FOUND", "Wrong authorization data")
        client_id, user, until = known
        if self.clock() >= until:
            text = "The access token provided has expired"
            raise RefusedError(401, "expired_token", text)
        scopes = self.applications[client_id].scopes
        return Caller(user, scopes, f"application {client_id}", application=True)

    def token(self, params: dict[str, Any], base: str) -> dict[str, Any]:
        """Answer ``/oauth/token/``."""
        app = self.applications.get(str(params.get("client_id", "")))
        grant = params.get("grant_type")
        if grant not in ("authorization_code", "refresh_token"):
            raise RefusedError(400, "invalid_request", "An invalid request was supplied")
        if app is None or app.client_secret != params.get("client_secret"):
            text = "The client credentials are invalid"
            raise RefusedError(401, "invalid_client", text)
        if app.blocked:
            raise RefusedError(400, app.blocked, app.blocked.capitalize().replace("_", " "))
        submitted = str(params.get("code" if grant == "authorization_code" else grant, ""))
        store = self.codes if grant == "authorization_code" else self.refresh_tokens
        known = store.pop(submitted, None)
        if known is None or known[0] != app.client_id or self.clock() >= known[2]:
            self.stale += 1
            raise RefusedError(400, "invalid_grant", "Invalid grant supplied")
        access, refresh = self.issue(app.client_id, known[1])
        answer: dict[str, Any] = {
            "access_token": access, "client_endpoint": f"{base}/rest/",
            "domain": base.split("//")[-1],
        }  # fmt: skip
        if grant == "refresh_token":
            self.refreshes += 1
            answer["expires"] = int(self.clock()) + ACCESS_LIFE
        answer |= {
            "expires_in": ACCESS_LIFE, "member_id": "a223c6b3710f85df22e9377d6c4f7553",
            "refresh_token": refresh, "scope": ",".join(sorted(app.scopes)),
            "server_endpoint": f"{base}/rest/", "status": "L",
        }  # fmt: skip
        if grant == "refresh_token":
            answer["user_id"] = known[1]
        return answer
