"""A small server that speaks like the platforms, holds an invented month of a furniture shop, and misbehaves on request."""
