-- title = "Net sales"
-- description = "Paid for all orders less returns."
-- source = "Files of the shop"
-- chart = "scalar"
-- y = "net_amount"
-- [columns.net_amount]
-- title = "Net sales"
-- format = "integer"
-- unit = "USD"
-- [variables.segment]
-- title = "Customer segment"
SELECT CAST(sum(net_amount) AS double) AS net_amount
FROM retail.mart_sales_by_month
WHERE true [[AND segment = {{segment}}]]
