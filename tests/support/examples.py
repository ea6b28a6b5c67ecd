"""Single objects that tests change a field of."""

from __future__ import annotations

from coze_tui.engine.analysis.bench import Run
from coze_tui.engine.library.conversations import SavedConversation
from coze_tui.engine.library.server import ServerConversation
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.tui.history_items import Item, item_from_server

RUN = Run(
    number=1,
    bot_id="A",
    outcome=Outcome.COMPLETED,
    first_text_us=100,
    total_us=1000,
    longest_gap_us=10,
    characters=5,
    input_tokens=3,
    output_tokens=4,
    tokens=7,
    error_code=0,
    error="",
    sequence=("created", "delta", "completed"),
    tools=(),
    answer="hello",
)
SUMMARY = SavedConversation(
    key="k1",
    title="退款 policy",
    site="coze.cn",
    bot_id="7402",
    bot_name="小春",
    conversation_id="75",
    on_server=True,
    created_at=5_000,
    updated_at=5_000,
)


def there(ms: int) -> Item:
    """Return a conversation of the server, last changed at this time in milliseconds."""
    return item_from_server(ServerConversation(f"c{ms}", "7402", "there", "", ms, ms, ""), "小春")
