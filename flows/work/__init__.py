"""What the flows do, as plain functions: the command line calls them without Prefect, the flows with it."""
