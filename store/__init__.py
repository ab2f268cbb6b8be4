"""The only room that knows SQL: tables, migrations, and queries named for the question they answer."""
