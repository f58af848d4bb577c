"""The agent as the xAI and the Nuri APIs share it: one superset object at paths that both have."""
