"""Preflight check of scopes, rights and methods, in one request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from abcxyz.errors import AuthenticationError
from abcxyz.toolkit.catalogue import Message, Phrases
from abcxyz_bitrix.crm.entities import ENTITIES
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import Answer, Command, as_bool, as_map, as_moment
from abcxyz_bitrix.rest.errors import BitrixError
from abcxyz_bitrix.rest.lists import first
from abcxyz_bitrix.words import message

__all__ = ["check_access"]

_FREE = frozenset({"basic"})


def check_access(
    client: Client,
    needs: Iterable[str],
    *,
    entities: Sequence[int],
    writes: Sequence[str],
    admin: bool = False,
) -> list[str]:
    """Check scopes, rights and methods in one request.

    Parameters
    ----------
    needs
        Scopes that are needed.
    entities
        Types of objects to be read.
    writes
        Methods that will be called.
    admin
        Whether fields have to be created, which takes an administrator of the CRM.

    Returns
    -------
    list
        Notes for the user.

    Raises
    ------
    AuthenticationError
        Scopes, rights or methods are missing; all of them are listed.
    """
    wanted = sorted(set(needs))
    commands = {
        "scope": Command("scope"),
        "profile": Command("profile"),
        "time": Command("server.time"),
        **{f"e{n}": Command("crm.item.fields", {"entityTypeId": n}) for n in entities},
        **{
            f"m{place}": Command("method.get", {"name": name}) for place, name in enumerate(writes)
        },
    }
    outcomes = client.batch(commands)
    granted = first(outcomes["scope"], "scope").result
    scopes = {str(scope) for scope in granted} if isinstance(granted, list) else set()
    missing: list[Message] = [
        message("scope {scope}", scope=scope) for scope in wanted if scope not in scopes
    ]
    for entity in entities:
        outcome = outcomes[f"e{entity}"]
        if isinstance(outcome, BitrixError) and "crm" in scopes:
            what = ENTITIES.get(entity, str(entity))
            missing.append(message("right to read: {what}", what=message(what)))
    for place, name in enumerate(writes):
        outcome = outcomes[f"m{place}"]
        if isinstance(outcome, Answer) and not as_bool(as_map(outcome.result).get("isAvailable")):
            missing.append(message("method {name}", name=name))
    profile = as_map(getattr(outcomes["profile"], "result", None))
    if admin and not as_bool(profile.get("ADMIN")):
        missing.append(message("right to change the settings of the CRM (to make fields)"))
    if missing:
        raise AuthenticationError(
            "the webhook lacks: {missing}; edit it in Bitrix24, or change the rights of its owner",
            missing=Phrases(missing),
        )
    notes: list[str] = [
        message(
            "Bitrix24 {host}, as {identity}",
            host=client.credentials.host,
            identity=client.credentials.identity,
        )
    ]
    unused = sorted(scopes - set(wanted) - _FREE)
    if unused:
        notes.append(message("scopes that are not needed here: {names}", names=", ".join(unused)))
    moment = as_moment(getattr(outcomes["time"], "result", None))
    if moment is not None:
        notes.append(message("the portal's clock: {moment}", moment=moment.isoformat()))
    return notes
