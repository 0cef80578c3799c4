"""Numbers as China writes them, by thousands (GB/T 15835); Django has them without a separator."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
