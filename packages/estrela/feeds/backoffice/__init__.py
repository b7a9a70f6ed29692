"""Files of the back office: card settlements, branches and exchange rates."""
