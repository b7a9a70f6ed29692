"""From a source's service into the raw layer. No Spark."""
