"""The web application's built assets and the routes that serve them; its source is `console/` at the root."""
