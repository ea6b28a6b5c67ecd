"""The demo's bots answer sensibly, in the language they are asked in."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.demo_bots.friendly import evaluate
from coze_tui.standin.scenarios import CHINESE
from coze_tui.standin.server import StandIn
from tests.support.standin_calls import Answer, Caller, Json, as_list, as_object

BOTS: Mapping[str, str] = {bot.name: bot.id for bot in demo_bots()}
COMPLETED = "conversation.message.completed"
CHATTY = ["Xiaochun", "Markdown tour", "Reasoning", "Uses tools", "Follow-ups", "Fast", "Slow"]


def bot_id(name: str) -> str:
    [found] = [value for key, value in BOTS.items() if key.endswith(name)]
    return found


def ask(tour: Caller, name: str, question: str, conversation: str = "") -> Answer:
    return tour.ask(question, bot=bot_id(name), conversation=conversation)


def types(reply: Answer) -> list[object]:
    return [message["type"] for message in reply.objects(COMPLETED)]


@pytest.mark.parametrize("chinese", [False, True])
def test_every_bot_introduces_itself_in_one_language_and_has_an_id_of_its_own(chinese: bool) -> None:
    bots = demo_bots(chinese=chinese)
    assert [bot.id for bot in bots] == [bot.id for bot in demo_bots(chinese=not chinese)]
    assert len({bot.id for bot in bots}) == len(bots)
    for bot in bots:
        assert re.fullmatch(r"7511\d{15}", bot.id)
        words = [bot.name, bot.description, *([bot.prologue] if bot.is_published else [])]
        assert all(bool(CHINESE.search(text)) == chinese for text in words)
        if bot.is_published:
            assert bot.suggested_questions
        if not chinese:
            assert not CHINESE.search("".join(bot.suggested_questions))


def test_a_question_without_letters_is_answered_in_the_language_of_the_greeting() -> None:
    with StandIn(bots=demo_bots(chinese=True), pace=0) as chinese:
        follow_ups = Caller(chinese).ask("1 + 1", bot=bot_id("Xiaochun")).objects(COMPLETED)[-1]["content"]
    assert CHINESE.search(str(follow_ups))


@pytest.mark.parametrize("name", CHATTY)
def test_a_chinese_question_gets_a_chinese_answer_and_an_english_one_english(tour: Caller, name: str) -> None:
    assert CHINESE.search(ask(tour, name, "说点什么吧").answer())
    english = ask(tour, name, "Say something").answer()
    assert not CHINESE.search(english)


@pytest.mark.parametrize("chinese", [False, True])
def test_workspaces_have_names_in_the_language_of_the_bots(chinese: bool) -> None:
    with StandIn(bots=demo_bots(chinese=chinese)) as stand_in:
        workspaces = as_list(Caller(stand_in).get("/v1/workspaces").data["workspaces"])
    names = [str(workspace["name"]) for workspace in workspaces]
    assert [bool(CHINESE.search(name)) for name in names] == [chinese, chinese]


def test_a_question_without_letters_keeps_the_language_of_the_conversation(tour: Caller) -> None:
    first = ask(tour, "Xiaochun", "你好")
    conversation = str(first.chat()["conversation_id"])
    follow_ups = ask(tour, "Xiaochun", "1 + 1", conversation).objects(COMPLETED)[-1]["content"]
    assert CHINESE.search(str(follow_ups))


@pytest.mark.parametrize("name", CHATTY)
def test_the_festival_is_known_to_every_ordinary_bot(tour: Caller, name: str) -> None:
    answer = ask(tour, name, "2025年春节是哪一天").answer()
    assert "1 月 29 日" in answer
    assert "星期三" in answer
    assert "乙巳蛇年" in answer


def test_the_festival_in_english_and_in_other_years(tour: Caller) -> None:
    assert "Wednesday, 29 January" in ask(tour, "Xiaochun", "When is Spring Festival 2025?").answer()
    assert "2 月 17 日，星期二" in ask(tour, "Xiaochun", "2026年的春节呢").answer()
    assert "not 2090" in ask(tour, "Xiaochun", "When is Spring Festival 2090?").answer()


@pytest.mark.parametrize(
    "question",
    ["2025春节有什么不一样的，做成一个网页", "What is new at Spring Festival 2025? As a web page, please"],
)
def test_the_web_page_is_whole_and_in_a_fence(tour: Caller, question: str) -> None:
    answer = ask(tour, "Xiaochun", question).answer()
    found = re.search(r"^```html\n(.*?)^```$", answer, re.S | re.M)
    assert found
    page = found.group(1)
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    for tag in ("html", "head", "style", "body", "table", "main", "h1"):
        assert page.count(f"<{tag}>") + page.count(f"<{tag} ") == page.count(f"</{tag}>")
    assert "2024" in page
    assert re.search("8 天|Eight days", page)
    assert re.search("乙巳", page)


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("1 + 1", "1 + 1 = **2**"),
        ("1+1等于几？", "1+1 = **2**"),
        ("What is 12 × (3 + 4)?", "12 × (3 + 4) = **84**"),
        ("7 ÷ 2", "7 ÷ 2 = **3.5**"),
        ("0.1 + 0.2", "0.1 + 0.2 = **0.3**"),
        ("-3 * -(2 + 1)", "-3 * -(2 + 1) = **9**"),
        ("1 / 0", "You cannot divide by zero."),
        ("(1 + 1", "I cannot read that sum."),
    ],
)
def test_sums(tour: Caller, question: str, result: str) -> None:
    answer = ask(tour, "Xiaochun", question).answer()
    assert result in answer


@pytest.mark.parametrize(
    "text", ["__import__('os')", "a+1", "2**9999999", "1 if 1 else 2", "1,2", "True+1", ""]
)
def test_only_sums_are_sums(text: str) -> None:
    with pytest.raises((ValueError, SyntaxError)):
        evaluate(text)


def test_an_honest_answer_to_what_it_cannot_know(tour: Caller) -> None:
    answer = ask(tour, "Xiaochun", "Who won the match yesterday?").answer()
    assert "mock bot" in answer
    assert "Who won the match yesterday?" in answer
    assert "1 + 1" in answer


def test_it_remembers_the_last_question(tour: Caller) -> None:
    first = ask(tour, "Xiaochun", "我叫阿林")
    conversation = str(first.chat()["conversation_id"])
    assert "我叫阿林" in ask(tour, "Xiaochun", "我刚才说了什么？", conversation).answer()


@pytest.mark.parametrize("question", ["带我走一遍", "Show me the tour"])
def test_the_markdown_tour_has_everything(tour: Caller, question: str) -> None:
    answer = ask(tour, "Markdown tour", question).answer()
    assert len(answer) > 1800
    for pattern in (
        r"^# .+", r"^## .+", r"^### .+", r"^#### .+", r"^- ", r"^  - ", r"^    - ", r"^1\. ", r"^   1\. ",
        r"^> ", r"^> > ", r"^---$", r"^\|.*\|$", r"^\|:-", r"^```python$", r"^```go$", r"^```sql$", r"^```$",
        r"`[^`]+`", r"\[[^\]]+\]\(https://", r"^- \[x\] ", r"^- \[ \] ", r"\$\$.+\$\$", r"\*\*.+\*\*",
        r"~~.+~~", r"<https://",
    ):  # fmt: skip
        assert re.search(pattern, answer, re.M), pattern


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("鸡兔同笼，35 个头，94 只脚", "兔 **12** 只，鸡 **23** 只"),
        ("20 heads and 56 legs", "**8** rabbits and **12** chickens"),
        ("2 heads and 6 legs", "**1** rabbit and **1** chicken."),
        ("3 heads and 5 legs", "no answer in whole animals"),
        ("think", "**12** rabbits and **23** chickens"),
    ],
)
def test_the_thinker_reasons_before_it_answers(tour: Caller, question: str, result: str) -> None:
    reply = ask(tour, "Reasoning", question)
    deltas = reply.objects("conversation.message.delta")
    kinds = ["reasoning" if "reasoning_content" in delta else "content" for delta in deltas]
    assert kinds == sorted(kinds, reverse=True)
    assert "reasoning" in kinds
    [answer] = [message for message in reply.objects(COMPLETED) if message["type"] == "answer"]
    thought = "".join(str(delta.get("reasoning_content", "")) for delta in deltas)
    assert answer["reasoning_content"] == thought
    assert result in str(answer["content"])


def test_the_tool_user_shows_every_kind_of_message(tour: Caller) -> None:
    assert types(ask(tour, "Uses tools", "下一班渡轮几点开？")) == [
        "verbose", "knowledge", "answer", "function_call", "tool_response", "verbose", "answer", "verbose",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "calls"),
    [("现在几点？", [1]), ("Several things, please", [2]), ("one after the other", [1, 1])],
)
def test_the_one_who_needs_help_asks_for_local_tools(tour: Caller, question: str, calls: list[int]) -> None:
    reply = ask(tour, "Needs your help", question)
    for count in calls:
        chat = reply.objects("conversation.chat.requires_action")[0]
        wanted = waiting(chat)
        assert len(wanted) == count
        query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        outputs = [{"tool_call_id": call["id"], "output": "18:05"} for call in wanted]
        body = {"tool_outputs": outputs, "stream": True}
        reply = tour.call("POST", "/v3/chat/submit_tool_outputs", body, query=query)
    assert reply.names[-1] == "done"
    assert "18:05" in reply.answer()


def test_a_refused_tool_is_taken_well(tour: Caller) -> None:
    chat = ask(tour, "Needs your help", "What time is it?").objects("conversation.chat.requires_action")[0]
    outputs = [
        {"tool_call_id": call["id"], "output": '{"error":"refused by the user"}'} for call in waiting(chat)
    ]
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    body = {"tool_outputs": outputs, "stream": True}
    reply = tour.call("POST", "/v3/chat/submit_tool_outputs", body, query=query)
    assert "will not guess" in reply.answer()


def waiting(chat: Json) -> list[Json]:
    action = as_object(as_object(chat["required_action"])["submit_tool_outputs"])
    return as_list(action["tool_calls"])


def test_follow_ups_lead_on(tour: Caller) -> None:
    reply = ask(tour, "Follow-ups", "Why is the sea salty?")
    suggested = [str(m["content"]) for m in reply.objects(COMPLETED) if m["type"] == "follow_up"]
    assert len(suggested) == 3
    assert "Why is the sea salty?" not in suggested
    assert "outlet" in ask(tour, "Follow-ups", "Why are most lakes fresh?").answer()


def test_the_one_who_asks_back_goes_on(tour: Caller) -> None:
    asked = ask(tour, "Asks back", "Order breakfast")
    conversation = str(asked.objects("conversation.chat.requires_action")[0]["conversation_id"])
    assert "savory" in ask(tour, "Asks back", "savory", conversation).answer()


def test_it_fails_in_five_shapes_by_number_and_in_turn(tour: Caller) -> None:
    def shapes(questions: list[str]) -> list[str]:
        return [shape(ask(tour, "Fails", question)) for question in questions]

    expected = ["json", "error", "failed", "http", "cut"]
    assert shapes(["1", "2", "3", "4", "5"]) == expected
    assert shapes(["fail"] * 5) == expected


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize(("place", "count"), [(7, 5), (12, 9)])
def test_suggestions_that_choose_by_number_name_what_they_choose(
    place: int, count: int, chinese: bool
) -> None:
    suggested = demo_bots(chinese=chinese)[place].suggested_questions
    assert [re.findall("[0-9]", question) for question in suggested] == [[str(n + 1)] for n in range(count)]
    assert all(len(question) > 4 for question in suggested)


def shape(reply: Answer) -> str:
    if reply.status >= 400:
        return "http"
    if reply.headers["content-type"].startswith("application/json"):
        return "json"
    last = reply.names[-1]
    if last == "done":
        return "failed" if "conversation.chat.failed" in reply.names else "?"
    return "error" if last == "error" else "cut"


def test_the_one_who_loses_the_line_has_the_answer_at_the_server(tour: Caller) -> None:
    with tour.open("What if?", bot=bot_id("Dropped connection")) as line:
        chat = line.chat(until=b"chat.in_progress")
        line.body()
        assert not line.whole
    while tour.retrieve(chat)["status"] == "in_progress":
        pass
    listed = tour.get("/v3/chat/message/list", conversation_id=chat["conversation_id"], chat_id=chat["id"])
    [text] = [str(message["content"]) for message in listed.items if message["type"] == "answer"]
    assert text.startswith("While this sentence")
    assert text.endswith(".")


def test_the_draft_is_not_published(tour: Caller) -> None:
    assert ask(tour, "Draft", "hi").code == 4015


# ── the fast one ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_fast_one_says_as_much_as_it_is_told(tour: Caller) -> None:
    reply = ask(tour, "Fast", "n=500 rate=0 len=7")
    deltas = [str(delta["content"]) for delta in reply.objects("conversation.message.delta")]
    assert len(deltas) == 500
    assert {len(delta) for delta in deltas} == {7}
    assert reply.answer() == "".join(deltas)
    assert max(len(line) for line in reply.answer().split("\n")) <= 77


def test_with_a_rate_every_delta_is_one_write(tour: Caller) -> None:
    tour.stand_in.switches.chunks = "event"
    with tour.open("n=50 rate=5000", bot=bot_id("Fast")) as line:
        deltas = [chunk for chunk in line.chunks() if b"message.delta" in chunk]
    assert [chunk.count(b"event:") for chunk in deltas] == [1] * 50


def test_without_a_rate_many_deltas_are_one_write(tour: Caller) -> None:
    with tour.open("n=5000 rate=0", bot=bot_id("Fast")) as line:
        deltas = [chunk for chunk in line.chunks() if b"message.delta" in chunk]
    assert len(deltas) < 500


def test_a_stamp_says_when_a_delta_was_made_and_which_it_is(tour: Caller) -> None:
    reply = ask(tour, "Fast", "n=20 rate=0 stamp")
    stamps = re.findall(r"<(\d+\.\d{6}) (\d+)>", reply.answer())
    assert [int(number) for _, number in stamps] == list(range(20))
    assert stamps == sorted(stamps, key=lambda stamp: float(stamp[0]))


def test_faults_work_on_the_fast_one_too(tour: Caller) -> None:
    reply = ask(tour, "Fast", "n=100 rate=0 fault:numeric-ids fault:ids")
    deltas = reply.objects("conversation.message.delta")
    assert len(deltas) == 100
    assert isinstance(deltas[50]["id"], int)
    assert b"id:52\n" in reply.raw


def test_the_fast_one_can_be_stopped(tour: Caller) -> None:
    with tour.open("n=1000000 rate=0", bot=bot_id("Fast")) as line:
        chat = line.chat(until=b"message.delta")
        ids = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        assert tour.post("/v3/chat/cancel", ids).data["status"] == "canceled"
