"""Webhooks: telling an organisation's own servers what happened. Everything between the event and the far end."""
