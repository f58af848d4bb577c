"""The API of ACP (computer-agents.com): voice agents and their browser sessions."""
