"""REST 3.0 for tasks: envelope, errors and ``Idempotency-Key``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field
from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.activities import add_task
from tests.emulators.bitrix24.methods import Call
from tests.emulators.bitrix24.state import State
from tests.emulators.bitrix24.values import BadValueError

__all__ = ["Rest3", "Rest3Error"]

_KEY_LIFE = 86400
_PREFIX = "BITRIX_REST_V3_EXCEPTION_"
_FIELDS = {"title", "description", "deadline", "creatorId", "responsibleId", "crmItemIds"} | {
    "priority", "groupId", "parentId",
}  # fmt: skip


class Rest3Error(Exception):
    """A refusal of REST 3.0."""

    def __init__(
        self, status: int, code: str, message: str, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = _PREFIX + code
        self.message = message
        self.fields = dict(fields or {})

    @property
    def body(self) -> dict[str, Any]:
        """Return the error as it is sent."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.fields:
            error["validation"] = [
                {"message": text, "field": name} for name, text in self.fields.items()
            ]
        return {"error": error}


@define
class Rest3:
    """Methods, and answers stored by idempotency key."""

    state: State
    keys: dict[tuple[str, str], tuple[float, str, dict[str, Any]]] = field(factory=dict)
    replays: int = 0

    def answer(
        self, name: str, call: Call, key: str | None, credential: str
    ) -> tuple[dict[str, Any], bool]:
        """Run a method once per key; True where an earlier answer is repeated."""
        runs: dict[str, Callable[[Call], dict[str, Any]]] = {
            "tasks.task.add": self._task_add, "tasks.task.get": self._task_get,
        }  # fmt: skip
        if name not in runs:
            raise Rest3Error(404, "METHODNOTFOUNDEXCEPTION", f"Метод `{name}` не найден")
        if "task" not in call.scopes and "tasks" not in call.scopes:
            raise Rest3Error(403, "INSUFFICIENTSCOPEEXCEPTION", "Недостаточно прав")
        if key is None or not name.endswith(".add"):
            return runs[name](call), False
        if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
            text = "Недопустимый ключ идемпотентности"
            raise Rest3Error(400, "INVALIDIDEMPOTENCYKEYEXCEPTION", text)
        body = json.dumps(call.params, sort_keys=True)
        known = self.keys.get((credential, key))
        if known is not None and self.state.clock() < known[0] + _KEY_LIFE:
            if known[1] != body:
                text = "Ключ идемпотентности уже использован с другим телом"
                raise Rest3Error(422, "IDEMPOTENCYKEYREUSEDEXCEPTION", text)
            self.replays += 1
            return known[2], True
        result = runs[name](call)
        self.keys[credential, key] = (self.state.clock(), body, result)
        return result, False

    def _task_add(self, call: Call) -> dict[str, Any]:
        fields = call.params.get("fields")
        if not isinstance(fields, Mapping):
            raise _invalid({"fields": "Обязательное поле `fields` не указано"})
        for name in fields:
            if name not in _FIELDS:
                text = f"Неизвестное поле `{name}` для сущности `TaskDto`"
                raise Rest3Error(400, "UNKNOWNDTOPROPERTYEXCEPTION", text)
        absent = [n for n in ("title", "creatorId", "responsibleId") if not fields.get(n)]
        if absent:
            raise _invalid({name: f"Обязательное поле `{name}` не указано" for name in absent})
        deadline = None
        if fields.get("deadline"):
            try:
                deadline = self.state.zone.seconds(str(fields["deadline"]))
            except BadValueError:
                text = "В поле `deadline` требуется тип данных `DateTime` для такого запроса"
                raise _invalid({"deadline": text}) from None
        number = add_task(
            self.state,
            call.user,
            {
                "TITLE": fields["title"], "DESCRIPTION": fields.get("description"),
                "RESPONSIBLE_ID": fields["responsibleId"], "CREATED_BY": fields["creatorId"],
                "UF_CRM_TASK": fields.get("crmItemIds"), "deadline": deadline,
            },
        )  # fmt: skip
        return {"item": self._shown(number)}

    def _task_get(self, call: Call) -> dict[str, Any]:
        number = php.integer(call.params.get("id"))
        if not number:
            raise _invalid({"id": "Обязательное поле `id` не указано"})
        if number not in self.state.stores["tasks"].rows:
            raise Rest3Error(404, "ENTITYNOTFOUNDEXCEPTION", f"Элемент `{number}` не найден")
        return {"item": self._shown(number)}

    def _shown(self, number: int) -> dict[str, Any]:
        row = self.state.stores["tasks"].rows[number]
        created = self.state.zone.iso(row["CREATED_DATE"])
        return {
            "id": number, "title": row["TITLE"], "description": row["DESCRIPTION"],
            "deadline": self.state.zone.iso(row["DEADLINE"]), "needsControl": False,
            "priority": "average", "status": "pending", "changed": created, "activity": created,
            "link": f"/company/personal/user/{row['CREATED_BY']}/tasks/task/view/{number}/",
            "crmItemIds": list(row["UF_CRM_TASK"]),
        }  # fmt: skip


def _invalid(fields: Mapping[str, str]) -> Rest3Error:
    code = "VALIDATION_REQUESTVALIDATIONEXCEPTION"
    return Rest3Error(400, code, "Ошибка при валидации объекта запроса", fields)
