"""The product's noun: the definition of an agent."""
