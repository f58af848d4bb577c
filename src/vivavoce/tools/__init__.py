"""What an agent may call while it talks: webhooks, MCP servers, searches and the call itself."""
