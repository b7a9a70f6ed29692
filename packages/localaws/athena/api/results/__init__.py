"""Files of a query at its OutputLocation, and their way back through GetQueryResults."""
