"""From raw bytes to typed rows, and from typed rows to dimensions and facts, on Spark."""
