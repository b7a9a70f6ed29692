"""Extractors, which fetch data from sources into the raw layer or the landing bucket. No Spark."""
