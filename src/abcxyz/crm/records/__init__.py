"""Records of a CRM as frozen columns, and what is derived from them."""
