"""The transformers, one file each. They are discovered without registration, and their flags determine the order."""
