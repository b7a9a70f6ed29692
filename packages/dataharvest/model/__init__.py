"""The vocabulary: kinds of file, deliveries, transformers and their dependencies."""
