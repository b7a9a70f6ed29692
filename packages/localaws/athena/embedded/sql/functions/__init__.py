"""The list of functions: only functions declared here can be called."""
