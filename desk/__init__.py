"""What things are, and what is decided about them: pure functions of their arguments, clock included."""
