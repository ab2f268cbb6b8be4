"""The only room that knows HTTP and the platforms' JSON: one module per platform, each turns payloads into mentions."""
