"""E-mail of customers: read whatever form it has, told apart from what machines send, and made part of tickets."""
