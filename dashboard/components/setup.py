"""What people see where there is nothing to look at yet: no configuration, a wrong one, or no database."""

import streamlit as st

from dashboard import data
from dashboard.components.markup import el, show
from dashboard.words import Words
from desk.errors import ConfigurationError


def complete() -> bool:
    """Say whether there is a desk to look at; otherwise show what is wrong and what to do."""
    try:
        data.desk()
        wrong = data.unreachable()
    except ConfigurationError as error:
        _explain("config", str(error), ("kummerkasten init", "kummerkasten check", "kummerkasten up"))
    except Exception as error:
        _explain("database", f"{type(error).__name__}: {error}".partition("\n")[0], ("kummerkasten check", "kummerkasten status"))
    else:
        if not wrong:
            return True
        _explain("database", wrong, ("kummerkasten check", "kummerkasten status"))
    return False


def _explain(what: str, said: str, commands: tuple[str, ...]) -> None:
    """Say it in both languages: which one the desk speaks is what could not be read."""
    german, english = Words("de"), Words("en")
    with st.container(key="k-setup", width=720):
        show(el("div", el("h1", german(f"setup.{what}")), el("p", english(f"setup.{what}"), cls="k-lead"), cls="k-empty-head"))
        st.code(said, language=None, wrap_lines=True)
        show(el("p", german("setup.do"), " · ", english("setup.do")))
        st.code("\n".join(commands), language="sh")
        st.button(f"{german('setup.again')} · {english('setup.again')}", type="primary")
