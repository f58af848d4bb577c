"""The platform as an MCP server, so that other agents can drive it."""
