"""The transformers, one file each. Nothing registers them: they are found, and their flags give the order."""
