"""One class a resource of the platform API. Each belongs to the `Vivavoce` client that made it and holds nothing."""
