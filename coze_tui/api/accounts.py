"""Whose token it is, and which workspaces it opens (docs/wire.md 4.9)."""

from __future__ import annotations

from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Page, User, Workspace, int_of, items_of, mapping_of

PAGE_SIZE = 50
"""The most that Coze gives at once."""


async def me(client: CozeClient) -> User:
    """The token's owner: the cheapest check of a token. Studio does not serve it (NotServedError)."""
    return User.from_wire((await client.get_json("/v1/users/me")).mapping())


async def list_workspaces(client: CozeClient, page: int = 1) -> Page[Workspace]:
    """One page of the workspaces the token may enter; pages count from 1."""
    params = {"page_num": str(page), "page_size": str(PAGE_SIZE)}
    data = mapping_of((await client.get_json("/v1/workspaces", params)).data)
    found = tuple(Workspace.from_wire(item) for item in items_of(data.get("workspaces")))
    return Page(found, has_more=bool(found) and page * PAGE_SIZE < int_of(data.get("total_count")))
