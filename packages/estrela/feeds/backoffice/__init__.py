"""Files of the back office: card settlements and branches."""
