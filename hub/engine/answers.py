"""Errors as members of a GraphQL answer: code, request id, who is responsible, in the language of the client.

Codes never change with the language. Used by every step of walk 1 (a question) that can fail; decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from graphql import GraphQLError

from hub.engine.operation import Answer, Operation
from hub.engine.plan import At
from hub.errors import Code, HubError
from hub.observe import Event, emit

MOST_DENIED = 100

#: What each code says in Chinese; the English sentence with its particulars follows it.
CHINESE: Mapping[Code, str] = {
    Code.UNAUTHENTICATED: "未通过身份认证",
    Code.INSUFFICIENT_SCOPE: "令牌的权限范围不足",
    Code.NOT_GRANTED: "未获授权",
    Code.GRANT_EXPIRED: "授权已到期",
    Code.QUOTA_EXCEEDED: "已超出当日配额",
    Code.PURPOSE_REQUIRED: "须声明事由",
    Code.CONSENT_REQUIRED: "须取得主体同意",
    Code.BAD_INPUT: "请求有误",
    Code.DOCUMENT_REFUSED: "查询超出限制",
    Code.UNKNOWN_DOCUMENT: "未知的查询文档",
    Code.CURSOR_INVALID: "游标无效",
    Code.RESYNC_REQUIRED: "须重新同步",
    Code.SOURCE_UNAVAILABLE: "部门系统不可用",
    Code.SOURCE_TIMEOUT: "部门系统超时",
    Code.STORE_UNAVAILABLE: "枢纽存储暂不可用",
    Code.AUDIT_UNAVAILABLE: "审计暂不可用",
    Code.INTERNAL: "内部错误",
}

Error = dict[str, object]
_QUALITY = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")


def refused(operation: Operation, error: HubError) -> Answer:
    """The whole operation refused."""
    return Answer(None, [error_of(operation, error)], status=error.status)


def invalid(operation: Operation, errors: Iterable[GraphQLError]) -> Answer:
    """A document or variables that break the rules of GraphQL."""
    return Answer(None, [_located(operation, Code.BAD_INPUT, error) for error in errors], status=400)


def error_of(operation: Operation, error: HubError, at: At | None = None) -> Error:
    """The error, at the field that it befell. Below a list its path is left out: one error stands for all indices."""
    made: Error = {"message": _in_language(operation, error.code, error.message)}
    extensions: Error = {"code": error.code.value, **error.extensions, "requestId": operation.request_id}
    if at is not None:
        if at.node.loc is not None:
            start = at.node.loc.start_token
            made["locations"] = [{"line": start.line, "column": start.column}]
        if not at.listed:
            made["path"] = list(at.path)
        extensions["field"] = at.field
    made["extensions"] = extensions
    return made


def completion_error(operation: Operation, error: GraphQLError) -> Error:
    """An error of completion. One that is not the hub's own is logged without its words, and nothing of it told."""
    cause = error.original_error
    if isinstance(cause, HubError):
        made = _located(operation, cause.code, error)
        made["extensions"] = {"code": cause.code.value, **cause.extensions, "requestId": operation.request_id}
        return made
    place = ".".join(str(key) for key in error.path or () if isinstance(key, str))
    emit(Event.REQUEST_FAILED, request_id=operation.request_id, error=f"{type(cause or error).__name__} at {place}")
    hidden = GraphQLError("the hub failed; the request id tells where", path=error.path)
    return _located(operation, Code.INTERNAL, hidden)


def _located(operation: Operation, code: Code, error: GraphQLError) -> Error:
    made: Error = {"message": _in_language(operation, code, error.message)}
    if error.locations:
        made["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        made["path"] = list(error.path)
    made["extensions"] = {"code": code.value, "requestId": operation.request_id}
    return made


def _in_language(operation: Operation, code: Code, message: str) -> str:
    return f"{CHINESE[code]}：{message}" if _wants_chinese(operation.language) else message


def _wants_chinese(accepted: str) -> bool:
    """Whether an Accept-Language header (RFC 9110) prefers Chinese to English; the first of equals wins."""
    best, chinese = 0.0, False
    for part in accepted.lower().split(","):
        tag, _, parameter = part.strip().partition(";")
        quality = float(found[1]) if (found := _QUALITY.fullmatch(parameter.strip())) else 1.0
        if quality > best and tag[:2] in ("zh", "en"):
            best, chinese = quality, tag.startswith("zh")
    return chinese
