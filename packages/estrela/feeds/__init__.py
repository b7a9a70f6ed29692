"""The feeds: one package per group, one file per feed."""
