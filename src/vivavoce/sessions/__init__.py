"""One call, alive: the only room with long-lived tasks."""
