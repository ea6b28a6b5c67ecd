"""How a turn is printed."""

from __future__ import annotations

import io
import json

import pytest

from coze_tui.api.objects import ToolCall, Usage
from coze_tui.cli.ask_output import (
    AnswerPrinter,
    EventPrinter,
    JsonPrinter,
    Printer,
    RawPrinter,
    ReasoningPrinter,
)
from coze_tui.config.addresses import COZE_CN, COZE_COM
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    ActionRequired,
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    EventRecord,
    FollowUpOffered,
    LogidReported,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    TurnEnded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.errors import ApiError, AuthError

END = TurnEnded(Outcome.COMPLETED, 9_000)


def grew(text: str, message_id: str = "1") -> AnswerGrew:
    return AnswerGrew(message_id, text, (1_000,))


def settled(text: str, message_id: str = "1") -> AnswerSettled:
    return AnswerSettled(message_id, text, "", 5_000)


def play(printer: Printer, *updates: TurnUpdate) -> None:
    for update in updates:
        printer.show(update)


class TestAnswers:
    @staticmethod
    def printed(*updates: TurnUpdate) -> tuple[str, str]:
        out, notes = io.StringIO(), io.StringIO()
        play(AnswerPrinter(out, notes), *updates)
        return out.getvalue(), notes.getvalue()

    def test_the_answer_comes_piece_by_piece_and_ends_with_one_line_end(self) -> None:
        out = io.StringIO()
        printer = AnswerPrinter(out, out)
        seen = []
        for update in (grew("a"), grew("b"), settled("ab"), END):
            printer.show(update)
            seen.append(out.getvalue())
        assert seen == ["a", "ab", "ab", "ab\n"]

    def test_an_answer_that_ends_its_line_gets_no_second_line_end(self) -> None:
        assert self.printed(grew("a\n"), settled("a\n"), END)[0] == "a\n"

    def test_nothing_is_printed_for_nothing(self) -> None:
        assert self.printed(grew(""), settled(""), END) == ("", "")
        assert self.printed(TurnEnded(Outcome.FAILED, 0)) == ("", "")

    def test_what_the_deltas_lacked_is_added(self) -> None:
        assert self.printed(grew("Hello"), settled("Hello, world"), END)[0] == "Hello, world\n"

    def test_an_answer_without_deltas_is_printed(self) -> None:
        assert self.printed(settled("whole"), END)[0] == "whole\n"

    def test_an_empty_completed_text_takes_nothing_back(self) -> None:
        assert self.printed(grew("kept"), settled(""), END) == ("kept\n", "")

    def test_a_replaced_answer_is_noted_and_printed_whole(self) -> None:
        out, notes = self.printed(grew("first try"), settled("other"), END)
        assert out == "first try\n\nother\n"
        assert "replaced" in notes

    @pytest.mark.parametrize(
        ("pieces", "whole", "expected"),
        [
            (["ab", " \n"], "ab", "ab \n"),
            (["\n\nab"], "ab", "\n\nab\n"),
            (["\n\nab"], "abc", "\n\nabc\n"),
            (["ab", "c"], "ab", "abc\n"),
            (["ab "], "ab c", "ab c\n"),
        ],
    )
    def test_a_completed_text_whose_ends_are_stripped_is_not_printed_again(
        self, pieces: list[str], whole: str, expected: str
    ) -> None:
        assert self.printed(*map(grew, pieces), settled(whole), END) == (expected, "")

    def test_answers_are_apart_by_a_blank_line(self) -> None:
        updates = (grew("one"), settled("one"), grew("two", "2"), settled("two", "2"), END)
        assert self.printed(*updates)[0] == "one\n\ntwo\n"

    def test_a_blank_line_is_one_also_after_a_line_end(self) -> None:
        assert self.printed(grew("one\n"), settled("one\n"), grew("two", "2"), END)[0] == "one\n\ntwo\n"

    def test_more_of_an_answer_waits_until_the_one_that_followed_it_ends(self) -> None:
        updates = (grew("a1"), grew("b1", "2"), grew("a2"), grew("b2", "2"), settled("b1b2", "2"))
        assert self.printed(*updates, settled("a1a2"), END)[0] == "a1\n\nb1b2\n\na2\n"

    def test_what_waits_is_printed_before_the_next_answer(self) -> None:
        updates = (grew("a1"), grew("b1", "2"), grew("a2"), grew("c1", "3"), END)
        assert self.printed(*updates)[0] == "a1\n\nb1\n\na2\n\nc1\n"

    @pytest.mark.parametrize("call", [True, False])
    def test_an_answer_that_is_never_completed_holds_back_no_other(self, call: bool) -> None:
        out = io.StringIO()
        calls = [ToolCalled("t", "search", "{}", 1)] if call else []
        play(AnswerPrinter(out, out), grew("Let me look."), *calls, grew("One", "2"))
        assert out.getvalue() == "Let me look.\n\nOne"

    def test_an_answer_that_continues_after_a_tool_call_stays_one(self) -> None:
        call = ToolCalled("t", "search", "{}", 1)
        assert self.printed(grew("a"), call, settled("ab"), grew("c", "2"), END)[0] == "ab\n\nc\n"

    @pytest.mark.parametrize("again", [settled("ab"), settled("abc"), grew("c")])
    def test_what_is_printed_is_not_printed_again(self, again: TurnUpdate) -> None:
        whole = "ab\n" if again == settled("ab") else "abc\n"
        assert self.printed(grew("ab"), settled("ab"), again, END) == (whole, "")

    def test_a_second_answer_is_not_lost_when_the_first_never_ends(self) -> None:
        assert self.printed(grew("a"), grew("b", "2"), TurnEnded(Outcome.INTERRUPTED, 0))[0] == "a\n\nb\n"

    def test_reasoning_and_follow_ups_are_no_answer(self) -> None:
        assert self.printed(ReasoningGrew("1", "hm", (1,)), FollowUpOffered("next?", 5), END)[0] == ""


class TestReasoning:
    @pytest.mark.parametrize(
        ("dim", "text"), [(False, "hm so\n"), (True, "\x1b[2mhm\x1b[22m\x1b[2m so\x1b[22m\n")]
    )
    def test_it_ends_its_line_before_anything_else(self, dim: bool, text: str) -> None:
        out = io.StringIO()
        printer = ReasoningPrinter(out, dim=dim)
        play(
            printer,
            ReasoningGrew("1", "hm", (1,)),
            ReasoningGrew("1", " so", (2,)),
            grew("x"),
            grew("y"),
            END,
        )
        assert out.getvalue() == text

    @pytest.mark.parametrize(
        ("updates", "text"),
        [
            ([AnswerSettled("1", "x", "hm", 5)], "hm\n"),
            ([ReasoningGrew("1", "hm", (1,)), AnswerSettled("1", "x", "hm so", 5)], "hm so\n"),
            ([ReasoningGrew("1", "hm", (1,)), grew("x"), AnswerSettled("1", "x", "hm so", 5)], "hm\n so\n"),
            ([ReasoningGrew("1", "hm", (1,)), grew("x"), AnswerSettled("1", "x", "hm", 5)], "hm\n"),
            ([ReasoningGrew("1", "hm", (1,)), grew("x"), settled("x")], "hm\n"),
            ([ReasoningGrew("1", "hm", (1,)), AnswerSettled("1", "x", "else", 5)], "hm\nelse\n"),
            ([AnswerSettled("1", "x", "hm", 5), AnswerSettled("1", "x", "hm", 6)], "hm\n"),
            ([AnswerSettled("1", "x", "hm", 5), AnswerSettled("2", "y", "so", 6)], "hm\nso\n"),
        ],
    )
    def test_what_only_the_completed_message_has_is_printed_once(
        self, updates: list[TurnUpdate], text: str
    ) -> None:
        out = io.StringIO()
        play(ReasoningPrinter(out, dim=False), *updates, END)
        assert out.getvalue() == text


class TestEvents:
    def test_deltas_are_folded_and_everything_has_its_milliseconds(self) -> None:
        out = io.StringIO()
        play(
            EventPrinter(out),
            EventNoted(EventRecord("sent", 0)),
            LogidReported("2026LOG"),
            ChatIdentified("77", "88", "99"),
            EventNoted(EventRecord("created", 84_200)),
            AnswerGrew("1", "a", (412_000, 413_000), bytes=100),
            AnswerGrew("1", "", (1_702_400,), bytes=50),
            EventNoted(EventRecord("answer", 1_704_000, detail="tool\x1b[31m")),
            UsageReported(Usage(432, 312, 120)),
            TurnEnded(Outcome.COMPLETED, 1_903_000),
        )
        assert out.getvalue().splitlines() == [
            "       0.0 ms  sent",
            "               logid              2026LOG",
            "               chat               77",
            "               conversation       88",
            "      84.2 ms  created",
            "     412.0 ms  delta ×3           … 1702.4 ms, 150 B",
            "    1704.0 ms  answer             tool[31m",
            "               tokens             120 in, 312 out",
            "    1903.0 ms  = completed",
        ]

    def test_a_run_that_is_cut_off_is_told(self) -> None:
        out = io.StringIO()
        play(EventPrinter(out), grew("a"), TurnEnded(Outcome.INTERRUPTED, 2_000))
        assert out.getvalue().splitlines()[0].split() == [
            "1.0",
            "ms",
            "delta",
            "×1",
            "…",
            "1.0",
            "ms,",
            "0",
            "B",
        ]


class TestOneTerminal:
    """stdout and stderr in the same place: nothing begins in the middle of a line."""

    def test_events_and_the_answer(self) -> None:
        screen = io.StringIO()
        answer = AnswerPrinter(screen, screen)
        events = EventPrinter(screen, before_line=answer.end_line)
        for update in (grew("1 + 1 "), grew("= 2"), EventNoted(EventRecord("answer", 5_000)), END):
            play(events, update)
            play(answer, update)
        assert [line.strip() for line in screen.getvalue().splitlines()] == [
            "1 + 1 = 2",
            "1.0 ms  delta ×2           … 1.0 ms, 0 B",
            "5.0 ms  answer",
            "9.0 ms  = completed",
        ]

    def test_thinking_after_the_first_answer(self) -> None:
        screen = io.StringIO()
        answer = AnswerPrinter(screen, screen)
        reasoning = ReasoningPrinter(screen, dim=False, before_line=answer.end_line)
        for update in (grew("one"), settled("one"), ReasoningGrew("2", "hm", (1,)), grew("two", "2"), END):
            play(reasoning, update)
            play(answer, update)
        assert screen.getvalue() == "one\nhm\n\ntwo\n"

    def test_the_note_of_a_replaced_answer(self) -> None:
        screen = io.StringIO()
        play(AnswerPrinter(screen, screen), grew("first try"), settled("other"), END)
        first, note, *rest = screen.getvalue().splitlines()
        assert first == "first try"
        assert note.startswith("coze-tui: ")
        assert rest == ["", "other"]


class TestJson:
    def test_every_update_is_one_object_with_its_name(self) -> None:
        out = io.StringIO()
        updates: list[TurnUpdate] = [
            PhaseChanged(Phase.SENDING, 0),
            grew("春\u2028节"),
            ActionRequired((ToolCall("1", "function", "add", '{"a":1}'),), 5),
            EventNoted(EventRecord("answer", 3)),
            TurnEnded(Outcome.FAILED, 7, AuthError(4100, "no", logid="L1")),
        ]
        play(JsonPrinter(out, base_url=COZE_CN), *updates)
        objects = [json.loads(line) for line in out.getvalue().split("\n") if line]
        assert [each["type"] for each in objects] == [
            "phase_changed",
            "answer_grew",
            "action_required",
            "event_noted",
            "turn_ended",
        ]
        assert objects[0]["phase"] == "sending"
        assert objects[2]["tool_calls"][0]["name"] == "add"
        assert objects[3]["record"]["name"] == "answer"
        assert objects[4]["error"] == {
            "class": "AuthError",
            "code": 4100,
            "logid": "L1",
            "text": objects[4]["error"]["text"],
            "msg": objects[4]["error"]["msg"],
        }
        assert COZE_COM in objects[4]["error"]["text"]

    def test_the_message_of_an_error_is_whole(self) -> None:
        out = io.StringIO()
        error = ApiError(5000, "x" * 3_000)
        JsonPrinter(out, base_url=COZE_CN).show(TurnEnded(Outcome.FAILED, 1, error))
        said = json.loads(out.getvalue())["error"]
        assert said["msg"] == error.msg
        assert len(said["text"]) < 1_000

    def test_no_control_character_gets_through(self) -> None:
        out = io.StringIO()
        play(JsonPrinter(out, base_url=COZE_CN), FollowUpOffered("\x1b[31m\x9b\u202e", 0))
        assert out.getvalue().strip().isprintable()


class TestRaw:
    def test_a_terminal_gets_it_cleaned_and_a_file_as_it_is(self) -> None:
        for cleaned, text in ((True, "data:[31m春\n"), (False, "data:\x1b[31m春\n")):
            out = io.StringIO()
            printer = RawPrinter(out, cleaned=cleaned)
            printer.write("data:\x1b[31m")
            printer.write("春\n")
            printer.show(END)
            assert out.getvalue() == text
