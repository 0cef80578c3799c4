"""Synchronisation with an ERP: sources read rows, a mapping translates them, receivers write them."""
