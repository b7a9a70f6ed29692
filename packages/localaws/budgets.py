"""Operations of AWS Budgets that moto lacks: subscribers and tags are returned as they were given."""

from __future__ import annotations

import json

from moto.budgets import urls
from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import Budget
from moto.budgets.responses import BudgetsResponse

_TAGS = "ResourceTags"


class BudgetOperations(BudgetsResponse):
    """Budgets with tags, subscribers and changes."""

    def create_budget(self) -> str:
        """CreateBudget, with its tags."""
        answer = super().create_budget()
        tags = self._get_param(_TAGS) or []
        _tags(self._budget(self._get_param("Budget")["BudgetName"])).update({tag["Key"]: tag["Value"] for tag in tags})
        return answer

    def update_budget(self) -> str:
        """UpdateBudget: the new budget replaces the old one and keeps its notifications."""
        new = self._get_param("NewBudget")
        self._budget(new["BudgetName"]).budget.update(new)
        return "{}"

    def describe_subscribers_for_notification(self) -> str:
        """DescribeSubscribersForNotification."""
        wanted = self._get_param("Notification")
        for notification in self._budget(self._get_param("BudgetName")).notifications:
            if notification.details == wanted:
                return json.dumps({"Subscribers": notification.subscribers})
        raise NotFoundException(f"Unable to find the notification {wanted}")

    def list_tags_for_resource(self) -> str:
        """ListTagsForResource."""
        return json.dumps({_TAGS: [{"Key": key, "Value": value} for key, value in self._tagged().items()]})

    def tag_resource(self) -> str:
        """TagResource."""
        self._tagged().update({tag["Key"]: tag["Value"] for tag in self._get_param(_TAGS)})
        return "{}"

    def untag_resource(self) -> str:
        """UntagResource."""
        for key in self._get_param("ResourceTagKeys"):
            self._tagged().pop(key, None)
        return "{}"

    def _tagged(self) -> dict[str, str]:
        return _tags(self._budget(self._get_param("ResourceARN").partition(":budget/")[2]))

    def _budget(self, name: str) -> Budget:
        budget = self.backend.budgets[self.current_account].get(name)
        if not budget:
            raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
        return budget


def _tags(budget: Budget) -> dict[str, str]:
    tags: dict[str, str] = vars(budget).setdefault("tags", {})
    return tags


def install() -> None:
    """Make moto answer with these operations. Call this before the first request of the process."""
    urls.url_paths["{0}/$"] = BudgetOperations.dispatch
