"""Speech without a call: text to a recording and a recording to text."""
