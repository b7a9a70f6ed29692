"""An online shop: what its customers ordered, as its branches deliver it in daily files."""
