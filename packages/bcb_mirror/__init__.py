"""A stand-in for the Central Bank of Brazil's services, that can misbehave on request."""
