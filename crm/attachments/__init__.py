"""Files attached to records: what is taken, where it lies, and how it leaves."""
