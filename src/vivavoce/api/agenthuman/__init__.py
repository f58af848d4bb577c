"""The API of AgentHuman: sessions with whole-number ids, of voice, video or text."""
