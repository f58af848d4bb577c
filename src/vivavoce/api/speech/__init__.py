"""Speech endpoints: text to sound and sound to text without a call, as OpenAI and xAI have them."""
