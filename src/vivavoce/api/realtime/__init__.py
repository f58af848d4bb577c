"""Secrets with which browsers open calls, in the words of OpenAI and xAI."""
