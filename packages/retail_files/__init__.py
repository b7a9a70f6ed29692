"""A stand-in for an online shop: the files that its branches deliver, of any size, and the same for the same seed."""
