"""Facebook's JSON: posts, comments and recommendations become Mentions here, and nothing past this file knows their shape."""

from dataclasses import dataclass
from functools import partial

from desk.mention import Author, Mention
from listeners.graph import made_up, when
from listeners.meta_messages import author, is_us
from listeners.paging import Json, pick
from listeners.times import instant

PLATFORM = "facebook"
COMMENT = "id,message,created_time,from{id,name},parent{id,parent{id}},permalink_url,attachment{type,url,media}"
POST = "id,message,created_time,from{id,name},permalink_url,attachments{url,media,unshimmed_url}"
RATING = "created_time,recommendation_type,rating,review_text,reviewer{id,name},open_graph_story{id}"
_STARS = {"positive": 5.0, "negative": 1.0}
"""A recommendation stands for the stars of old (docs, "Recommendations", changes of 17 August 2018)."""


@dataclass(frozen=True)
class Thread:
    """Where a comment stands: its post, and the conversation of all below it (empty: each customer has their own)."""

    post: str
    conversation: str = ""
    review: bool = False


def post_to_mention(post: Json, page: str) -> Mention:
    """Turn a post into a Mention."""
    return Mention(
        platform=PLATFORM,
        native_id=post["id"],
        conversation=post["id"],
        kind="post",
        text=(post.get("message") or "").strip(),
        author=_author(post),
        url=post.get("permalink_url") or f"https://www.facebook.com/{post['id']}",
        said_at=when(post["created_time"]),
        edited_at=instant(post.get("edited_at")),
        ours=is_us(post.get("from") or {}, {page}),
        attachments=tuple(filter(None, map(_link, pick(post, "attachments.data", [])))),
    )


def comment_to_mention(comment: Json, page: str, thread: Thread) -> Mention:
    """Turn a comment into a Mention: with the answers below it it is a conversation, or belongs to the one of its post."""
    above, top = pick(comment, "parent.id"), pick(comment, "parent.parent.id")
    ours = is_us(comment.get("from") or {}, {page})
    return Mention(
        platform=PLATFORM,
        native_id=comment["id"],
        conversation=thread.conversation or top or above or comment["id"],
        kind="review" if thread.review and ours else "comment",
        text=(comment.get("message") or "").strip(),
        author=_author(comment),
        url=comment.get("permalink_url") or f"https://www.facebook.com/{comment['id']}",
        parent=above or thread.post,
        said_at=when(comment["created_time"]),
        edited_at=instant(comment.get("edited_at")),
        ours=ours,
        attachments=tuple(filter(None, [_link(comment.get("attachment") or {})])),
    )


def rating_to_mention(rating: Json) -> Mention:
    """Turn a recommendation into a Mention; its story is what can be answered, one without has no id of its own."""
    story = pick(rating, "open_graph_story.id")
    native_id = story or f"rating/{made_up(rating['created_time'], rating.get('review_text'), pick(rating, 'reviewer.id'))}"
    kind, stars = rating.get("recommendation_type"), rating.get("rating")
    return Mention(
        platform=PLATFORM,
        native_id=native_id,
        conversation=native_id,
        kind="review",
        text=(rating.get("review_text") or "").strip(),
        author=_author({"from": rating.get("reviewer")}),
        url=f"https://www.facebook.com/{story}" if story else None,
        said_at=when(rating["created_time"]),
        stars=_STARS.get(str(kind)) or (float(stars) if stars else None),
        rating=kind or (f"{stars}/5" if stars else None),
    )


def thread_of(post: Json, page: str) -> Thread:
    """Return where comments below a post stand: below ours each customer has a conversation, a customer's post is one itself."""
    post_id = str(post["id"])
    return Thread(post_id, "" if is_us(post.get("from") or {}, {page}) else post_id)


def _author(said: Json) -> Author | None:
    """Return who spoke; Facebook names nobody where the token may not know, or the account is gone."""
    return author(said.get("from") or {})


def _link(attachment: Json) -> str | None:
    paths = ("unshimmed_url", "url", "media.source", "media.image.src")
    found: str | None = next(filter(None, map(partial(pick, attachment), paths)), None)
    return found
