"""Text of an alert, bound to a CRM object."""

from __future__ import annotations

from hashlib import sha256

from attrs import frozen

from abcxyz_bitrix.alerts.ledger import marker
from abcxyz_bitrix.crm.entities import code_of

__all__ = ["Message"]


@frozen
class Message:
    """Text of one alert, bound to a CRM object; to none if *entity* is 0."""

    key: str
    customer: str
    entity: int
    number: int
    title: str
    text: str
    receiver: int

    @property
    def body(self) -> str:
        """Text with the marker by which a sent alert is recognised."""
        return f"{self.text}\n{marker(self.key)}"

    @property
    def bindings(self) -> list[str]:
        """Type and id of the object, as tasks refer to it; empty without one."""
        return [code_of(self.entity, self.number)] if self.entity else []

    @property
    def digest(self) -> str:
        """Hash of the key, for idempotency keys and tags."""
        return sha256(self.key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
