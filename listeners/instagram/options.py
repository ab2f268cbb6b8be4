"""What an Instagram source may say."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from listeners.graph import Handle


class Options(BaseModel):
    """What an Instagram source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    handle: Handle
    """Our account's name, without @: what it says is ours."""
    account: str = Field(default="me", pattern=r"^(me|\d{3,30})$")
    """The account's number, where the token is that of a Facebook page."""
    page: str = Field(default="", pattern=r"^\d*$")
    """The number of the Facebook page that the account belongs to, where the token is the page's."""
    comments: bool = True
    tagged: bool = False
    """Posts in which others tag the account; Instagram shows them to a page's token only."""
    messages: bool = False
    """Direct messages, both sides."""
    posts_back: int = Field(default=50, ge=1, le=1000)
    """How many posts, at least, are looked below with every run."""
    human_agent: bool = False
    """Whether Meta lets the app answer for 7 days in direct messages."""

    @model_validator(mode="after")
    def _something(self) -> "Options":
        if not (self.comments or self.tagged or self.messages):
            raise ValueError("name what to hear: comments, tagged or messages = true")
        if self.page and self.account == "me":
            raise ValueError('with page, name the Instagram account by its number: account = "17841…"')
        if self.tagged and not self.page:
            raise ValueError("Instagram shows tagged posts to a page's token only: name page and account, or set tagged = false")
        return self
