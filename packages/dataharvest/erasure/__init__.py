"""``dataharvest forget``: erase what is held of a client, and search for what is left."""
