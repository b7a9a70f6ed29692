-- title = "Orders"
-- description = "Orders in all months."
-- source = "Files of the shop"
-- chart = "scalar"
-- y = "orders"
-- [columns.orders]
-- title = "Orders"
-- format = "integer"
-- unit = "orders"
-- [variables.segment]
-- title = "Customer segment"
SELECT sum(orders) AS orders
FROM retail.mart_sales_by_month
WHERE true [[AND segment = {{segment}}]]
