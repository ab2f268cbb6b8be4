"""Prefect flows over the other rooms, and the command line: no parsing, SQL or HTTP inside."""
