"""A stand-in for AWS Glue's ``awsglue`` for DataFrame scripts, without DynamicFrames and bookmarks."""
