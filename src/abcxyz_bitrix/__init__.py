"""Bitrix24: read the sales of a portal, tell what it knows of customers, write the segments.

`abcxyz_bitrix.source.BitrixSource`, `abcxyz_bitrix.enricher.BitrixEnricher` and
`abcxyz_bitrix.sink.BitrixSink` are the adapters; `abcxyz_bitrix.connect.connect` makes a client for
anything else. Only `abcxyz`, `abcxyz.errors`, `abcxyz.http` and `abcxyz.plugins` are used of the
library, as a stranger's adapter may.
"""
