"""The Data API: https://docs.aws.amazon.com/redshift-data/latest/APIReference/Welcome.html."""
