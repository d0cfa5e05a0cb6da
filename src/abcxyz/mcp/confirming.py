"""Confirmation of a drafted task by a person, asked through the client."""

# Annotations are evaluated: the tool's names its resolver, a local function.
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, Literal

import anyio.to_thread
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp_types import CallToolResult
from pydantic import BaseModel, Field

from abcxyz.questions import Answer, QuestionError
from abcxyz.questions.desk import TaskDesk
from abcxyz.questions.problems import message

__all__ = ["READ", "WRITE", "check_scope", "confirmation_tool"]

READ, WRITE = "abcxyz.read", "abcxyz.write"
"""Scopes of a token over HTTP."""


class Agreement(BaseModel):
    """What the person answers."""

    write: bool = Field(default=False, title="Write this task")


def check_scope() -> None:
    """Refuse a caller over HTTP whose token does not allow to write.

    Raises
    ------
    QuestionError
        It does not: code ``not_allowed``.
    """
    token = get_access_token()
    if token is not None and WRITE not in token.scopes:
        raise QuestionError(
            "this token does not allow to write",
            code="not_allowed",
            fix=message("start the server with --allow-write, and use its token"),
        )


def confirmation_tool(
    desk: TaskDesk,
    today: Callable[[], date],
    how: str,
    reply: Callable[[Callable[[], Answer], str], Awaitable[CallToolResult]],
) -> Callable[..., Awaitable[CallToolResult]]:
    """Return the function of the tool ``confirm``: it writes only after a person has agreed.

    Parameters
    ----------
    desk
        Desk of the drafts.
    today
        Function that returns the current day.
    how
        One of `abcxyz.questions.desk.CONFIRMATIONS`.
    reply
        Function that turns what a function answers, in a language, into a result.

    Notes
    -----
    The resolver runs again in every round of the protocol and changes nothing.
    """
    from abcxyz.questions.answers import tasks

    def can_ask(context: Context[Any, Any]) -> bool:
        known = context.client_capabilities
        return known is not None and known.elicitation is not None

    async def ask(token: str, lang: str, ctx: Context[Any, Any]) -> Elicit[Agreement] | Agreement:
        if how != "elicit" or not can_ask(ctx):
            return Agreement(write=False)
        try:
            draft = await anyio.to_thread.run_sync(desk.find, token)
        except QuestionError:
            return Agreement(write=False)  # the tool says what is wrong
        if draft.state == "done":
            return Agreement(write=False)
        return Elicit("\n".join(tasks.task_lines(draft, lang)), Agreement)

    def answered(token: str, lang: str, agreed: bool, asked: bool) -> Answer:
        if agreed or how == "host":
            return tasks.confirmed(desk, token, today(), lang)
        found = tasks.unconfirmed(desk, token, today(), lang)
        if asked and found.status == "refused":
            return tasks.declined(desk, token, today(), lang)
        return found

    async def confirm(
        token: str,
        lang: Literal["en", "ru"],
        agreement: Annotated[ElicitationResult[Agreement], Resolve(ask)],
        ctx: Context[Any, Any],
    ) -> CallToolResult:
        agreed = isinstance(agreement, AcceptedElicitation) and agreement.data.write
        asked = how == "elicit" and can_ask(ctx)

        def act() -> Answer:
            return answered(token, lang, agreed, asked)

        return await reply(act, lang)

    return confirm
