"""Code that runs inside an execution environment's process; nothing here imports localaws."""
