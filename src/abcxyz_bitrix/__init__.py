"""Bitrix24 adapter: source of sales, enricher of customers, and sink of segments.

The adapters are `abcxyz_bitrix.source.BitrixSource`, `abcxyz_bitrix.enricher.BitrixEnricher` and
`abcxyz_bitrix.sink.BitrixSink`; `abcxyz_bitrix.rest.connect.connect` builds a client for other
uses. Of the library only `abcxyz`, `abcxyz.errors`, `abcxyz.http`, `abcxyz.plugins` and
`abcxyz.toolkit` are used, as in a third-party adapter.
"""

from abcxyz.toolkit.catalogue import register

register(__name__)
