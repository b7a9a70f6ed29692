"""Brazil's banks: complaints, fees and institutions, as the Central Bank publishes them."""
