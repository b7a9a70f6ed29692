-- title = "Products with the highest net sales"
-- description = "The ten products for which most was paid, less returns."
-- source = "Files of the shop"
-- caveats = ["Lines of a product that the newest list does not name are left out."]
-- chart = "row"
-- x = "product_name"
-- y = "net_amount"
-- value_labels = true
-- [columns.product_name]
-- title = "Product"
-- [columns.category]
-- title = "Category"
-- [columns.pieces]
-- title = "Pieces"
-- format = "integer"
-- [columns.net_amount]
-- title = "Net sales"
-- format = "integer"
-- unit = "USD"
-- [columns.price_share]
-- title = "Price paid, share of list price"
-- format = "percent"
SELECT product_name, category, pieces, CAST(net_amount AS double) AS net_amount, price_share
FROM retail.mart_product_sales
ORDER BY net_amount DESC, product_name
LIMIT 10
