"""Read the sales of a portal, in a separate process that may be killed."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

from abcxyz import Window
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.rest.limits import Tariff
from abcxyz_bitrix.source import BitrixSource

__all__ = ["main"]


def main(url: str, checkpoint: str) -> None:
    """Read everything and print document and amount of each sale."""
    fast = Tariff(rate=1e6, burst=1e6, operating=1e6)
    client = connect(webhook=url, insecure_loopback=True, plan=fast)
    source = BitrixSource(client=client, checkpoint=Path(checkpoint))
    sales = [
        (document, amount)
        for batch in source.transactions(Window(date(2026, 1, 1), date(2026, 5, 1)))
        if batch.document is not None
        for document, amount in zip(batch.document.tolist(), batch.amount.tolist(), strict=True)
    ]
    json.dump(sales, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
