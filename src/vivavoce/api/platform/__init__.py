"""What no other API has: versions, keys, webhooks, threads and the nouns around an agent."""
