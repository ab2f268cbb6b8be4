"""One file per page, run by the entry script.

The folder is not called "pages": Streamlit would run a file of such a folder by itself, without the entry script, when a link
to it is the first thing anybody opens.
"""
