"""Bitrix24: read the sales of a portal, tell what it knows of customers, write the segments.

The adapters are `abcxyz_bitrix.source.BitrixSource`, `abcxyz_bitrix.enricher.BitrixEnricher` and
`abcxyz_bitrix.sink.BitrixSink`; `abcxyz_bitrix.rest.connect.connect` makes a client for anything
else.
Of the library only `abcxyz`, `abcxyz.errors`, `abcxyz.http`, `abcxyz.plugins` and
`abcxyz.toolkit` are used, as a stranger's adapter may.
"""

from abcxyz.toolkit.catalogue import register

register(__name__)
