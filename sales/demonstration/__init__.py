"""Demonstration data of sales."""
