"""Files of a query at its OutputLocation, and reading them back for GetQueryResults."""
