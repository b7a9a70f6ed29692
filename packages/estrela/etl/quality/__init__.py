"""The checks that stand between a build and its readers."""
