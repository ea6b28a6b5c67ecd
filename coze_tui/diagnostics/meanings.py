"""Finds the meaning of an error in its message: gateways and models have other codes, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Meaning = Literal[
    "no conversation",
    "busy",
    "too long",
    "too many",
    "quota",
    "unpublished",
    "file",
    "token",
    "permission",
    "network login",
]

_WORDS: Mapping[Meaning, str] = {
    "no conversation": r"conversation[\w ]* (?:not found|not exist|does ?n[o']t exist|is invalid)"
    r"|(?:会话|对话)\s*(?:不存在|未找到|找不到)|conversation_not_found",
    "busy": r"conversation occupied|chat is (?:currently )?(?:in progress|running|being processed)",
    "too long": r"context_length_exceeded|maximum context length|prompt is too long|上下文(?:长度)?超",
    "too many": r"rate.?limit|too many requests|too_many_requests|request(?:s)? (?:is|are) too frequent"
    r"|throttl|请求(?:过于|太)频繁|访问频率",
    "quota": r"insufficient.?(?:quota|balance)|quota[\w ]* (?:exceeded|exhausted|used up)|quota_exceeded"
    r"|in arrears|余额不足|额度(?:不足|已用完)|欠费",
    "unpublished": r"not (?:been )?published|is unpublished|未发布",
    "file": r"file (?:content|extension|format|type)|filename (?:is )?invalid|unsupported file"
    r"|文件(?:格式|类型)",
    "token": r"(?:invalid|expired|incorrect|wrong|missing)[_ -](?:access[_ -])?(?:token|api[_ -]?key)"
    r"|(?:token|api[_ -]?key)(?: provided)? (?:is |has )?(?:been )?(?:expired|invalid|revoked|incorrect)"
    r"|token_expired|authentication (?:is )?(?:invalid|failed|required)|authentication_error"
    r"|not authenticated|not (?:logged|signed) in|invalid credentials?"
    r"|\blog[ -]?in (?:is )?(?:required|failed|fail)\b"
    r"|未登录|登录(?:已)?(?:过期|失效)"
    r"|\bunauthorized\b|unauthenticated|令牌(?:无效|已?过期)|鉴权失败|认证失败",
    "permission": r"permission_denied|permission denied|insufficient_scope|no permission|access denied"
    r"|没有权限|无权",
    "network login": r"\b(?:log|sign)[ -]?(?:in|on)\b[\w ]{0,20} (?:portal|network|wi-?fi|hotspot)"
    r"|captive portal|(?:登录|认证)(?:校园网|网络|门户)|(?:校园网|网络|门户)(?:登录|认证)",
}
"""Words for each meaning, in the order of the search."""


def meaning_of(msg: str) -> Meaning | None:
    """Return the meaning of a message, or None if it contains no known words."""
    found = (meaning for meaning, words in _WORDS.items() if re.search(words, msg, re.IGNORECASE))
    return next(found, None)
