"""Sources and sink for databases, over SQLAlchemy (the extra ``sql``)."""

from abcxyz.builtin.sql.crm import SqlCrm
from abcxyz.builtin.sql.sink import SqlSink
from abcxyz.builtin.sql.source import SqlSource

__all__ = ["SqlCrm", "SqlSink", "SqlSource"]
