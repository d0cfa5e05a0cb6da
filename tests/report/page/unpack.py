"""What the page's script unpacks, by the description of the format and in another way."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

__all__ = ["columns_of", "opened", "read", "unpacked", "whole_page"]


def unpacked(content: bytes) -> dict[str, Any]:
    """Open the bytes of `packed`; every long value is a list or a text again."""
    return opened(gzip.decompress(content))


def opened(plain: bytes) -> dict[str, Any]:
    """Open them where the transport has unzipped them."""
    size = int.from_bytes(plain[:4], "little")
    body = plain[4 + size :]

    def text(one: dict[str, Any]) -> str:
        part = body[one["at"] : one["at"] + one["size"]]
        if "codes" not in one:
            return part.decode("utf-8")
        return b"".join(one["codes"][k].to_bytes(2, "little") for k in part).decode("utf-16-le")

    def numbers(one: dict[str, Any]) -> list[Any]:
        count, made = one["n"], []
        before = one["first"]
        for i in range(count):
            planes = body[one["at"] + i : one["at"] + count * one["width"] : count]
            value = int.from_bytes(planes, "little")
            if one["falls"]:
                value = before = before - value
            whole = value - one["gaps"] + one["base"]
            made.append(
                None if one["gaps"] and not value else whole if one["by"] == 1 else whole / 100
            )
        return made

    def long(one: dict[str, Any]) -> Any:
        match one.get("$"):
            case "text":
                return text(one)
            case "texts":
                marks = {0xE000 + k: word for k, word in enumerate(one.get("words", []))}
                return text(one).translate(marks).split("\0")
            case "numbered":
                return [f"{one['prefix']}{number:0{one['pad']}}" for number in one["of"]]
            case "numbers":
                return numbers(one)
        return one

    result: dict[str, Any] = json.loads(plain[4 : 4 + size], object_hook=long)
    return result


def columns_of(page: str) -> dict[str, Any]:
    """Open what a saved page holds for its script."""
    (text,) = re.findall(r'id="customers">([^<]*)<', page)
    return unpacked(read(text))


def read(text: str) -> bytes:
    """Return the bytes of a text: its pairs of characters are numbers of 13 bits."""
    characters = [chr(one) for one in range(ord("!"), ord("~") + 1) if chr(one) not in '"&<']
    digits = [characters.index(one) for one in text]
    bits = "".join(f"{91 * a + b:013b}" for a, b in zip(digits[1::2], digits[2::2], strict=True))
    assert "1" not in bits[len(bits) - digits[0] :]
    used = len(bits) - digits[0]
    return int("1" + bits[:used], 2).to_bytes(used // 8 + 1, "big")[1:]


def whole_page(page: str) -> str:
    """Return a saved page as its script completes it, with all its languages."""
    bodies = "".join(columns_of(page)["bodies"])
    return page.replace('<script type="text/plain"', f'{bodies}<script type="text/plain"')
