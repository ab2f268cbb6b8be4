"""What `init` and the demo write; one file per language."""
