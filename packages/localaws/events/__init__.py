"""Delivery of events: S3 notifications, event source mappings, rules, schedules.

Nothing here is imported before the first event that has a destination.
"""
