"""Files of the back office, and tables of its core system."""
