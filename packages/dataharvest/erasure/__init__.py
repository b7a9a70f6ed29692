"""``dataharvest forget``: erases all data of a client, and searches for remains."""
