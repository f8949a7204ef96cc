"""The networks, and what is made of layers in them."""
