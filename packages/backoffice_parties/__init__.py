"""Stand-ins for the parties of the back office: what they deliver is invented, and the same for the same seed."""
