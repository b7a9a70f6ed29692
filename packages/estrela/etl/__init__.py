"""Extract, transform, load: the steps between a source and a published table."""
