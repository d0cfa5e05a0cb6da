"""Layout of a table: its heading, the periods it names, and several tables as one."""
