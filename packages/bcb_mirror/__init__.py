"""A stand-in for the Central Bank of Brazil's services, which can misbehave on request."""
