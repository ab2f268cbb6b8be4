"""Streamlit pages that show what the store knows and ask what a person decides."""
