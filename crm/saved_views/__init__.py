"""Saved views: named filters, order and columns of a list, kept for oneself or shared."""
