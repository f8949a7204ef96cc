"""Figures: the same facts as the tables, in one look and the same bytes each time."""
