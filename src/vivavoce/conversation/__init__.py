"""What the agent decides: a sans-IO state machine of one call. Standard library only, no clock."""
