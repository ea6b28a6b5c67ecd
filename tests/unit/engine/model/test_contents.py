"""What a message says to a reader, by its content type."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.objects import Message
from coze_tui.engine.model.contents import Content, content_of, numbered, shown_text

QUESTION = {"question": "您要去哪个城市？", "options": [{"name": "北京"}, {"name": "上海"}]}
ASKED = Content("您要去哪个城市？", ("北京", "上海"))


def content(content_type: str, value: object) -> Content:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return content_of(Message.from_wire({"type": "answer", "content": text, "content_type": content_type}))


@pytest.mark.parametrize(
    "card",
    [
        {"type": "question", "content_type": "option", "content": QUESTION},
        {"type": "question", "content_type": "option", "content": json.dumps(QUESTION)},
        QUESTION | {"options": ["北京", "上海"]},
        {"question": {"text": "您要去哪个城市？"}, "choices": {"a": "北京", "b": {"label": "上海"}}},
        {"Title": "您要去哪个城市？", "buttons": [{"text": "北京"}, {"text": "上海"}]},
        {"data": json.dumps({"Title": "您要去哪个城市？", "Options": [{"name": "北京"}, {"name": "上海"}]})},
        {
            "x_properties": {
                "workflow_card_info": json.dumps(
                    {
                        "card_type": "QUESTION",
                        "question_card_data": {
                            "Title": "您要去哪个城市？",
                            "Options": [{"name": "北京"}, {"name": "上海"}],
                        },
                    }
                )
            }
        },
    ],
)
def test_a_question_node_gives_its_question_and_choices_in_every_shape(card: object) -> None:
    assert content("card", card) == ASKED
    assert content("unheard_of", card) == ASKED


def test_choices_are_numbered_as_they_are_offered() -> None:
    assert numbered(ASKED, ["之前的", "北京", "上海"]) == "您要去哪个城市？\n\n2. 北京\n3. 上海"


@pytest.mark.parametrize(
    "form",
    [
        [{"name": "city", "type": "string", "required": True, "description": "where to"}, {"name": "day",
          "type": "date", "required": False}],
        {"content_type": "form_schema", "content": json.dumps([{"name": "city", "type": "string",
         "required": True, "desc": "where to"}, {"name": "day", "type": "date", "required": False}])},
    ],
)  # fmt: skip
def test_a_form_gives_its_fields_with_need_and_description(form: object) -> None:
    text = content("card", form).text
    assert "- city (string, required): where to\n- day (date, optional)" in text
    assert "city:\n    day:" in text


@pytest.mark.parametrize(
    ("content_type", "value", "text"),
    [
        (
            "image",
            {"image_list": [{"key": "k", "image_ori": {"url": "https://e.invalid/b.png"}}]},
            "[image] https://e.invalid/b.png",
        ),
        ("image", "https://e.invalid/b.png", "[image] https://e.invalid/b.png"),
        (
            "file",
            {"file_list": [{"file_name": "report.pdf", "file_url": "https://e.invalid/r"}]},
            "[file] report.pdf https://e.invalid/r",
        ),
        (
            "mix",
            {"item_list": [{"type": "text", "text": "看"}, {"type": "image", "image": {"image_ori":
             {"url": "https://e.invalid/a"}}}]},
            "看\n\n[image] https://e.invalid/a",
        ),
        ("object_string", {"type": "text", "text": "alone"}, "alone"),
        ("object_string", [{"type": "file", "name": "a.txt", "file_id": "7"}], "[file] a.txt"),
        (
            "object_string",
            [{"type": "image", "name": "pic", "file_url": "data:image/png;base64,AA=="}],
            "![pic](data:image/png;base64,AA==)",
        ),
        ("card", {"title": "Weather", "text": "sunny"}, "Weather\n\nsunny"),
        ("card", '{"response_for_model":"su', "[card] (no text to show; the inspector has its data)"),
        ("card", {"response_for_model": '{"sky":"clear"}'}, '{"sky":"clear"}'),
        ("card", {"view": {"body": [{"text": "sunny"}]}}, "sunny"),
        ("card", json.dumps('{"text":"encoded twice"}'), "encoded twice"),
        ("new_type", '"a text in quotes"', '"a text in quotes"'),
        ("card", {"elements": {"root": {"children": [{"props": {"text": "sunny"}}]}}}, "sunny"),
        ("new_type", {"view": {"body": [{"text": "sunny"}]}}, '{"view": {"body": [{"text": "sunny"}]}}'),
        ("FILE", {"fileName": "r.pdf", "fileUrl": "https://e.invalid/r"}, "[file] r.pdf https://e.invalid/r"),
        ("video", {"title": "v", "download_url": "https://e.invalid/v"}, "[video] v https://e.invalid/v"),
        ("music", "https://e.invalid/m.mp3", "[audio] https://e.invalid/m.mp3"),
        ("image", ["https://e.invalid/1", "https://e.invalid/2"],
         "[image] https://e.invalid/1\n\n[image] https://e.invalid/2"),
        ("object_string", [{"type": "Image_URL", "image_url": {"url": "https://e.invalid/o"}},
         {"type": "input_text", "text": {"value": "see"}}], "[image] https://e.invalid/o\n\nsee"),
        ("card", {"form": {"fields": [{"key": "city", "label": "City", "type": "select",
         "options": ["a", "b"]}]}},
         "- city (select): City, a / b\n\nAnswer with one line for each field:\n\n    city:"),
        ("new_type", "plain", "plain"),
        ("new_type", {"x": 1}, '{"x": 1}'),
        (
            "card",
            {
                "data": json.dumps(
                    {
                        "rootID": "r",
                        "elements": {
                            "t": {"props": {"content": {"type": "expression", "value": "{{v}} ferries"}}},
                            "r": {"props": {}, "children": ["t", "i"]},
                            "i": {"props": {"src": "https://e.invalid/i.png"}},
                        },
                        "variables": {"1": {"name": "v", "defaultValue": "3"}},
                    }
                )
            },
            "3 ferries\n\n[image] https://e.invalid/i.png",
        ),
    ],
)  # fmt: skip
def test_content_becomes_readable_text(content_type: str, value: object, text: str) -> None:
    assert content(content_type, value).text == text


def test_content_as_json_instead_of_text_is_read() -> None:
    assert shown_text(Message.from_wire({"type": "answer", "content": True})) == "true"
    items = [{"type": "text", "text": "an array"}]
    for content_type in ("object_string", "text", ""):
        message = Message.from_wire({"type": "answer", "content": items, "content_type": content_type})
        assert shown_text(message) == "an array"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "content", "options", "name", "elements", "children", "rootID", "props", "data",
                 "image", "item_list", "file_list", "required", "variables", "question", "title", "url"]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_any_json_has_a_text(value: object) -> None:
    for content_type in ("card", "object_string", "image", "new"):
        found = content(content_type, json.dumps(value))
        assert found.text or found.choices
