"""Choice of the columns of a table, and notices about what may mislead."""
