"""A stand-in of AWS Glue's ``awsglue``: what a script of DataFrames needs, without DynamicFrames and bookmarks."""
