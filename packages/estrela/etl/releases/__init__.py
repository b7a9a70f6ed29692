"""Releases: the views that readers see, and the versions that these were built from."""
