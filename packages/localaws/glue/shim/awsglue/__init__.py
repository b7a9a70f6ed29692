"""A stand-in for AWS Glue's ``awsglue``: the parts that a DataFrame script needs, without DynamicFrames and bookmarks."""
