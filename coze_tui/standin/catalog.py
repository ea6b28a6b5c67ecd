"""Account endpoints: bots, files, workspaces, the user (docs/wire.md 4.5, 4.8, 4.9)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.parser import BytesParser
from email.policy import HTTP

from coze_tui.standin import objects
from coze_tui.standin.context import Failure, ServerContext, envelope, json_reply
from coze_tui.standin.conversations import page
from coze_tui.standin.http import Answer, Request
from coze_tui.standin.scenarios import CHINESE, Bot
from coze_tui.standin.state import StoredFile

KINDS = frozenset(
    [
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pptx",
        "pdf",
        "numbers",
        "csv",
        "cpp",
        "py",
        "java",
        "c",
        "jpg",
        "png",
        "gif",
        "webp",
        "heic",
        "heif",
        "bmp",
        "pcd",
        "tiff",
        "wav",
        "mp3",
        "flac",
        "m4a",
        "aac",
        "ogg",
        "wma",
        "midi",
        "mp4",
        "avi",
        "mov",
        "3gp",
        "flv",
        "webm",
        "wmv",
        "rmvb",
        "m4v",
        "mkv",
        "rar",
        "zip",
        "7z",
        "gz",
        "bz2",
        "txt",
        "md",
        "jpeg",
    ]
)


class Catalog:
    """The account endpoints of one stand-in."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context

    @property
    def _workspaces(self) -> Sequence[tuple[str, str, str, str]]:
        """Return ID, name, role and type of the workspaces, named in the language of the bots' names."""
        is_chinese = any(CHINESE.search(bot.name) for bot in self._context.state.bots.values())
        own, shared = ("小春的个人空间", "示例团队") if is_chinese else ("Personal", "Sample team")
        return (
            (self._context.space_id, own, "owner", "personal"),
            ("7511000000000000022", shared, "member", "team"),
        )

    # ── bots ────────────────────────────────────────────────────────────────────────────────────────────

    async def bots(self, request: Request) -> Answer:
        """GET /v1/bots."""
        wanted = request.query.get("publish_status") or "published_online"
        if wanted not in {"all", "published_online", "published_draft", "unpublished_draft"}:
            raise Failure(4000, f"publish_status {wanted!r} is not valid (sample)")
        found = self._bots_of(request.query.get("workspace_id", ""))
        if wanted != "all":
            found = [bot for bot in found if bot.is_published == (wanted != "unpublished_draft")]
        number, size = page(request.query, default=20, most=100)
        listed = found[(number - 1) * size : number * size]
        return envelope(self._context, {"items": [self._simple(bot) for bot in listed], "total": len(found)})

    async def published_bots(self, request: Request) -> Answer:
        """GET /v1/space/published_bots_list, the older endpoint."""
        found = [bot for bot in self._bots_of(request.query.get("space_id", "")) if bot.is_published]
        number, size = page(request.query, default=20, most=100)
        listed: list[objects.Json] = [
            {
                "bot_id": bot.id,
                "bot_name": bot.name,
                "description": bot.description,
                "icon_url": bot.icon_url,
                "publish_time": str(bot.published_at),
            }
            for bot in found[(number - 1) * size : number * size]
        ]
        return envelope(self._context, {"space_bots": listed, "total": len(found)})

    async def bot(self, request: Request) -> Answer:
        """GET /v1/bots/{bot_id}."""
        bot = self._bot(request.query.get("bot_id", ""))
        draft = request.query.get("is_published", "true").lower() == "false"
        if not bot.is_published and not draft:
            raise Failure(4015, "The bot is not published to the channel Agent As API (sample)")
        whole = self._whole(bot)
        if draft and bot.draft_prompt is not None:
            whole["prompt_info"] = {"prompt": bot.draft_prompt}
        return envelope(self._context, whole)

    async def variables(self, request: Request) -> Answer:
        """GET /v1/variables (docs/wire.md 11.2)."""
        if not request.query.get("connector_uid") or not request.query.get("bot_id"):
            raise Failure(4000, "connector_uid and bot_id are required (sample)")
        bot = self._bot(request.query["bot_id"])
        wanted = request.query.get("keywords", "")
        items: list[objects.Json] = [
            {
                "keyword": variable.name,
                "value": variable.value,
                "create_time": bot.published_at if variable.value else 0,
                "update_time": bot.published_at if variable.value else 0,
            }
            for variable in bot.variables
            if not wanted or variable.name in wanted.split(",")
        ]
        return envelope(self._context, {"items": items})

    async def benefits(self, request: Request) -> Answer:
        """GET /v1/commerce/benefit/benefits/get without a query: the plan alone (docs/wire.md 16.1)."""
        plan: objects.Json = {"user_level": self._context.switches.plan}
        return envelope(self._context, {"basic_info": plan, "benefit_info": []})

    async def online_info(self, request: Request) -> Answer:
        """GET /v1/bot/get_online_info, the older endpoint; studio needs connector_id, no envelope (4.5)."""
        if self._context.studio:
            if not request.query.get("connector_id"):
                raise Failure(500, "internal server error", 500)
            logid = {self._context.logid_header: self._context.logid()}
            return json_reply(self._whole(self._bot(request.query.get("bot_id", ""))), logid)
        return await self.bot(request)

    async def versions(self, request: Request) -> Answer:
        """GET /v1/bots/{bot_id}/versions."""
        bot = self._bot(request.query.get("bot_id", ""))
        item = {"version": bot.version, "created_at": str(bot.published_at), "description": "", "creator": {}}
        return envelope(self._context, {"items": [item] if bot.is_published else [], "has_more": False})

    def _bot(self, bot_id: str) -> Bot:
        bot = self._context.state.bots.get(bot_id)
        if bot is None:
            if self._context.studio:
                raise Failure(103100002, "agent not exists")
            raise Failure(4006, "The bot does not exist, or it is not yours (sample)")
        return bot

    def _bots_of(self, workspace_id: str) -> list[Bot]:
        if workspace_id not in {workspace[0] for workspace in self._workspaces}:
            raise Failure(4000, "The workspace does not exist (sample)")
        return list(self._context.state.bots.values()) if workspace_id == self._context.space_id else []

    def _simple(self, bot: Bot) -> objects.Json:
        return {
            "id": bot.id,
            "name": bot.name,
            "description": bot.description,
            "icon_url": bot.icon_url,
            "is_published": bot.is_published,
            "updated_at": bot.published_at,
            "published_at": bot.published_at if bot.is_published else 0,
            "owner_user_id": self._context.user_id,
            "folder_id": "",
        }

    def _whole(self, bot: Bot) -> objects.Json:
        return {
            "bot_id": bot.id,
            "name": bot.name,
            "description": bot.description,
            "icon_url": bot.icon_url,
            "create_time": bot.published_at - 86_400,
            "update_time": bot.published_at,
            "version": bot.version,
            "prompt_info": {"prompt": bot.prompt},
            "onboarding_info": {
                "prologue": bot.prologue,
                "suggested_questions": list(bot.suggested_questions),
            },
            "bot_mode": bot.mode,
            "plugin_info_list": [],
            "workflow_info_list": [],
            "model_info": {
                "model_id": "7511000000000000031",
                "model_name": bot.model_name,
                "parameters": {"thinking_type": bot.thinking},
            },
            "suggest_reply_info": {
                "reply_mode": "enable" if bot.suggests else "disable",
                "customized_prompt": "",
            },
            "variables": [
                {
                    "keyword": variable.name,
                    "description": "",
                    "default_value": "",
                    "enable": variable.is_on,
                    "prompt_enable": variable.is_in_prompt,
                    "channel": "custom",
                    "variable_type": "",
                }
                for variable in bot.variables
            ],
            "shortcut_commands": [],
            "owner_user_id": self._context.user_id,
        }

    # ── files ───────────────────────────────────────────────────────────────────────────────────────────

    async def upload(self, request: Request) -> Answer:
        """POST /v1/files/upload, multipart/form-data with one part named file."""
        context = self._context
        parts = read_multipart(request)
        files = [part for part in parts if part[0] == "file"]
        if not files:
            raise Failure(4300, "The file is empty (sample)")
        if len(parts) > 1:
            raise Failure(4301, "Only one file at a time (sample)")
        _, name, data = files[0]
        if not data:
            raise Failure(4300, "The file is empty (sample)")
        if len(data) > context.switches.max_file_bytes:
            raise Failure(4302, "The file is too large (sample)")
        if name.rpartition(".")[2].lower() not in KINDS:
            raise Failure(4303, f"Files of this kind are not taken: {name} (sample)")
        file = StoredFile(context.state.new_id(), name, len(data), context.now())
        context.state.files[file.id] = file
        return envelope(context, objects.file_object(file, studio=context.studio))

    async def file(self, request: Request) -> Answer:
        """GET /v1/files/retrieve."""
        file = self._context.state.files.get(request.query.get("file_id", ""))
        if file is None:
            raise Failure(4000, "The file does not exist, or it is not yours (sample)")
        return envelope(self._context, objects.file_object(file))

    # ── account ─────────────────────────────────────────────────────────────────────────────────────────

    async def workspaces(self, request: Request) -> Answer:
        """GET /v1/workspaces."""
        number, size = page(request.query, default=20, most=50)
        listed: list[objects.Json] = [
            {
                "id": id_,
                "name": name,
                "icon_url": "",
                "role_type": role,
                "workspace_type": kind,
                "enterprise_id": "" if kind == "personal" else "volcano_2100000001",
            }
            for id_, name, role, kind in self._workspaces[(number - 1) * size : number * size]
        ]
        return envelope(self._context, {"workspaces": listed, "total_count": len(self._workspaces)})

    async def me(self, request: Request) -> Answer:
        """GET /v1/users/me."""
        user: objects.Json = {
            "user_id": self._context.user_id,
            "user_name": "user7511000011",
            "nick_name": "林",
            "avatar_url": "https://example.invalid/avatar.png",
        }
        return envelope(self._context, user)


def read_multipart(request: Request) -> list[tuple[str, str, bytes]]:
    """Return the parts of a form as (field, file name, bytes). Raise Failure if it is not a form."""
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data") or "boundary=" not in content_type:
        raise Failure(4300, "Content-Type must be multipart/form-data with a boundary (sample)")
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    marker = b"--" + (boundary.group(1) if boundary else "").encode()
    parts = []
    for chunk in request.raw.split(marker)[1:-1]:
        head, _, data = chunk.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = BytesParser(policy=HTTP).parsebytes(head)
        disposition = headers["content-disposition"]
        if disposition is None:
            raise Failure(4304, "The form is broken (sample)")
        name = str(disposition.params.get("name", ""))
        file_name = str(disposition.params.get("filename", ""))
        parts.append((name, file_name, data.removesuffix(b"\r\n")))
    return parts
