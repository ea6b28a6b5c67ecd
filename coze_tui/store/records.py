"""The values in the store. Pure: code that only shows or compares them needs no database."""

from __future__ import annotations

from coze_tui.api.objects import Usage
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass

SLOT = 1 << 20
"""Number of positions of each chat, so that messages of a late recovery still fit in their place."""


@valueclass
class SavedMessage:
    """A message of the history. Stored texts have no NUL and no surrogates."""

    role: str
    """Coze's word, as are `type` and `content_type` (docs/wire.md 3.4)."""
    type: str
    content: str
    reasoning: str = ""
    name: str = ""
    """Name of the tool; for a question, the names of its files, one per line."""
    content_type: str = "text"
    message_id: str = ""
    """Coze's; empty if the message never was on the server."""
    created_at: int = 0
    """Unix milliseconds."""
    key: int = 0
    """Assigned by the store, as are the next three; never reused."""
    conversation: str = ""
    chat: int = 0
    """0 for an imported or forked message without a chat."""
    position: int = 0
    """Ascends along the conversation, with gaps."""
    thought_us: int = 0
    """Microseconds that the reasoning of an answer took; 0 if unknown."""


@valueclass
class Breaks:
    """Interruptions of a chat that say nothing about the speed of the bot."""

    waited_us: int = 0
    """Microseconds of waiting for the user of a local tool. No other time of a chat includes them."""
    cut_us: int = 0
    """Microseconds from the question to the first cut of the stream; 0 if it was never cut."""


@valueclass
class ChatRecord:
    """Everything known about one chat besides its messages and frames.

    The store writes and reads it, exports contain it, and a capture starts with it. Fields without a known
    value are empty or 0. Texts are as received: clean them before showing them.
    """

    key: int = 0
    """Key of the chat in the store; 0 if it is not stored."""
    conversation: str = ""
    """Key of its conversation in this store, or in the store from which its capture came."""
    slot: int = 0
    """Its messages are at the positions from slot * SLOT on, the question first."""
    chat_id: str = ""
    """Coze's, as are the next two; empty until the first event."""
    section_id: str = ""
    bot_id: str = ""
    logid: str = ""
    question: str = ""
    sent_at: int = 0
    """Unix milliseconds."""
    is_final: bool = False
    """The chat is not running."""
    frame_count: int = 0
    """Number of packed frames, even after they were pruned; 0 while the chat runs."""
    status: str = ""
    """Coze's word or `interrupted`. This and the fields up to `error_msg` are set when the chat ends."""
    first_text_us: int = 0
    """Microseconds since the question was sent, as is `total_us`; 0 if no text arrived."""
    total_us: int = 0
    deltas: int = 0
    characters: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    token_count: int = 0
    error_code: int = 0
    error_msg: str = ""
    has_packed_frames: bool = False
    conversation_id: str = ""
    """Coze's. This and the next three are copied from the conversation."""
    site: str = ""
    bot_name: str = ""
    title: str = ""
    content_type: str = ""
    """Of the question (docs/wire.md 2.2)."""
    files: str = ""
    """Names of the files sent with the question, one per line."""
    waited_us: int = 0
    """This and the next are set when the chat ends, as in `Breaks`."""
    cut_us: int = 0
    asks_back: bool = False
    """It ended with the question of a question node, which the next message answers (docs/wire.md 3.6)."""

    @property
    def breaks(self) -> Breaks:
        """Return what stopped the chat for a while."""
        return Breaks(self.waited_us, self.cut_us)

    @property
    def ended_at(self) -> int:
        """Return the end of a final chat in Unix milliseconds."""
        return self.sent_at + (self.total_us + self.waited_us) // 1000

    @property
    def bot(self) -> str:
        """Return the name of the bot or its ID, clean and on one line; empty if neither is known."""
        return clean_line(self.bot_name) or clean_line(self.bot_id)

    @property
    def usage(self) -> Usage | None:
        """Return the tokens of the chat, or None if the server reported none."""
        if not self.token_count:
            return None
        return Usage(self.token_count, self.output_tokens, self.input_tokens)

    @property
    def has_lost_frames(self) -> bool:
        """Return whether retention has removed the frames."""
        return self.is_final and self.frame_count > 0 and not self.has_packed_frames

    def frames_beyond(self, count: int) -> int:
        """Return how many frames of a final chat follow the first `count` frames; 0 if `count` is 0."""
        return max(0, self.frame_count - count) if self.is_final and count else 0
