"""Values of cells: identifiers, amounts, currencies and dates, decided per column."""
