"""Steps of a run: each module puts the stages of one phase together."""
