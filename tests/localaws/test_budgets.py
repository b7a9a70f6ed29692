"""AWS Budgets: settings are returned as the client set them."""

from __future__ import annotations

from typing import Any

import pytest
from moto.budgets import urls
from moto.budgets.responses import BudgetsResponse

from localaws.running import Running

ACCOUNT = "123456789012"
ALARM = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
HEARS = [{"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"}]


def test_moto_has_one_path_and_none_of_these_operations() -> None:
    """install() replaces moto's only path. An operation that a new moto has must be compared with ours."""
    assert list(urls.url_paths) == ["{0}/$"]
    for name in ("list_tags_for_resource", "describe_subscribers_for_notification", "update_budget"):
        assert not hasattr(BudgetsResponse, name), name


def test_a_budget_keeps_its_subscribers_and_its_tags(aws: Running) -> None:
    budgets: Any = aws.client("budgets")
    budget = {"BudgetName": "month", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    limit = {"BudgetLimit": {"Amount": "50", "Unit": "USD"}}
    notifications = [{"Notification": ALARM, "Subscribers": HEARS}]
    tags = [{"Key": "project", "Value": "estrela"}]
    budgets.create_budget(
        AccountId=ACCOUNT, Budget=budget | limit, NotificationsWithSubscribers=notifications, ResourceTags=tags
    )
    named = {"AccountId": ACCOUNT, "BudgetName": "month"}
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/month"
    assert budgets.describe_subscribers_for_notification(**named, Notification=ALARM)["Subscribers"] == HEARS
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == tags
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "git_sha", "Value": "1"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["project"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "git_sha", "Value": "1"}]
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=budget | {"BudgetLimit": {"Amount": "60", "Unit": "USD"}})
    assert budgets.describe_budget(**named)["Budget"]["BudgetLimit"]["Amount"] == "60"
    assert budgets.describe_notifications_for_budget(**named)["Notifications"] == [ALARM]
    other = ALARM | {"Threshold": 1.0}
    with pytest.raises(budgets.exceptions.NotFoundException):
        budgets.describe_subscribers_for_notification(**named, Notification=other)
    budgets.delete_budget(**named)
    with pytest.raises(budgets.exceptions.NotFoundException):
        budgets.list_tags_for_resource(ResourceARN=arn)
