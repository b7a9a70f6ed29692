"""Steps of a run. Each module combines the stages of one phase."""
