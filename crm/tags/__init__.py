"""Tags: words that people give to any record, one list of them for the whole company."""
