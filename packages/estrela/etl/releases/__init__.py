"""What readers see: views of one release, and what it was built from."""
