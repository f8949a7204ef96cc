"""Sanity gates: what a broken trainer fails first.

They are passed before anything is compared: where one fails, claims are `invalid` and never `contradicted`.
The quick ones run in memory, most of them on the embedded digits; the others compare trained networks with
what is known of them.
"""
