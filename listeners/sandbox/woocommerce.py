"""The sandbox's WooCommerce: reviews by the shop's interface and key; what stands below them are comments on products."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from listeners.sandbox import wordpress
from listeners.sandbox.wordpress import SITE, USER, avatars, basic, error, number, paragraphs
from listeners.sandbox.world import TOKEN, Item

KEY = "ck_sandbox"
"""The consumer key; the secret is the sandbox's one credential."""
_PRODUCT = 7
Json = dict[str, Any]


class Part(wordpress.Part):
    """Routes below ``/woocommerce``: what is said on the channel "woocommerce" is a review, or stands below one."""

    channel = "woocommerce"
    post_type = "product"

    def routes(self) -> list[Route]:
        """Return the endpoints that the listener asks."""
        return [Route("/wp-json/wc/v3/products/reviews", self._reviews), *super().routes()]

    async def _reviews(self, request: Request) -> Response:
        if request.headers.get("authorization") != basic(KEY, TOKEN):
            return error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        held = () if request.query_params.get("status") == "approved" else (f"{self.channel}.held",)
        found = [self._review(item) for item in self.world.seen(self.channel, *held) if item.parent is None]
        return wordpress.listed(self.mischief, request, found, "date_created")

    async def _comments(self, request: Request, signed_in: bool) -> Response:
        """Reviews are of a type of their own, and not listed among the comments."""
        if not signed_in:
            return JSONResponse([])
        below = [item for item in self.world.seen(self.channel) if item.parent]
        return self._listed(request, [self._comment(item) for item in below])

    def _review(self, item: Item) -> Json:
        comment = self._comment(item)
        user = {"reviewer": [{"embeddable": True, "href": f"{SITE}/wp-json/wp/v2/users/{USER}"}]} if item.ours else {}
        return {
            "id": number(item),
            "date_created": comment["date"],
            "date_created_gmt": comment["date_gmt"],
            "product_id": _PRODUCT,
            "product_name": "Sofa Helsinki",
            "product_permalink": f"{SITE}/produkt/sofa-helsinki/",
            "status": comment["status"],
            "reviewer": item.author,
            "reviewer_email": f"{item.author}@kunden.example",
            "review": paragraphs(comment["content"]["raw"]),
            "rating": item.stars or 0,
            "verified": False,
            "reviewer_avatar_urls": avatars(item),
            "_links": {"up": [{"href": f"{SITE}/wp-json/wc/v3/products/{_PRODUCT}"}], **user},
        }
