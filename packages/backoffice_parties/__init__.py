"""Stand-ins for the parties that deliver to the back office. Their data is invented, and the same for the same seed."""
