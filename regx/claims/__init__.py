"""The registry of claims: the tested sentences, exact checks of the mechanical ones, rules for the others."""
