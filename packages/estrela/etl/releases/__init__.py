"""Releases: the views that readers see, and the versions that they were built from."""
