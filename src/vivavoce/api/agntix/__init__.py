"""The API of Agntix: voice sessions over LiveKit, chat sessions, agents."""
