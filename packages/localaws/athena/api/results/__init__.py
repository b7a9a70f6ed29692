"""What a query leaves at its OutputLocation, and how GetQueryResults reads it back."""
