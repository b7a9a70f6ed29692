"""The list of functions: nothing that is not declared here can be called."""
