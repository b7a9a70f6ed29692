"""Raw layer: source files stored unchanged, with a log of when and how each was fetched."""
