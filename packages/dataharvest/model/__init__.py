"""The vocabulary: kinds of file, deliveries, transformers and how they follow from each other."""
