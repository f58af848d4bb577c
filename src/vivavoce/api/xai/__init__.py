"""The API of xAI: agents with field masks, phone numbers, chat completions."""
