"""The only room that knows models: tag, embed, explain, train."""
