"""The API of Nuri: voice agents with a WebSocket for each session."""
