"""An online shop: its orders, products and customers, from the daily files of its branches."""
