"""Code that runs inside the process of an execution environment; nothing here imports localaws."""
