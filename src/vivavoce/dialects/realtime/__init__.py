"""The realtime protocol in OpenAI's GA shapes."""
