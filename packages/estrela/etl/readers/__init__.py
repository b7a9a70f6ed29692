"""Raw bytes as rows of text, each with its file and line."""
