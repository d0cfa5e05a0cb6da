"""Tools that adapters may use: secrets, files, locks."""
