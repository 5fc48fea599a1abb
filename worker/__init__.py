"""The queue's consumers: drain, sweep."""
