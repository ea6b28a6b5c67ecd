-- A store as version 5 has written it. Never to be edited.
PRAGMA application_id = 1131379301;
BEGIN TRANSACTION;
CREATE TABLE chats (
            key INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
            slot INTEGER NOT NULL,
            chat_id TEXT NOT NULL DEFAULT '',
            section_id TEXT NOT NULL DEFAULT '',
            bot_id TEXT NOT NULL,
            logid TEXT NOT NULL DEFAULT '',
            question TEXT NOT NULL,
            sent_at INTEGER NOT NULL,
            is_final INTEGER NOT NULL DEFAULT 0,
            status TEXT NOT NULL DEFAULT '',
            first_text_us INTEGER NOT NULL DEFAULT 0,
            total_us INTEGER NOT NULL DEFAULT 0,
            deltas INTEGER NOT NULL DEFAULT 0,
            characters INTEGER NOT NULL DEFAULT 0,
            input_tokens INTEGER NOT NULL DEFAULT 0,
            output_tokens INTEGER NOT NULL DEFAULT 0,
            token_count INTEGER NOT NULL DEFAULT 0,
            error_code INTEGER NOT NULL DEFAULT 0,
            error_msg TEXT NOT NULL DEFAULT '',
            frame_count INTEGER NOT NULL DEFAULT 0,    -- in the capture
            owner TEXT NOT NULL DEFAULT '',            -- the program that runs it
            beat_at INTEGER NOT NULL DEFAULT 0,        -- when that program last said that it lives
            capture BLOB                               -- the frames, packed; last, for it is the largest
        );
INSERT INTO "chats" VALUES(1,'spring2a5',1,'91','51','7402','L1','2025年春节是哪一天',1738058529000,1,'completed',90000,1900000,1,18,120,312,432,0,'',2,'',1738058529000,X'789C8BB630313030D0514ACECF2B4B2D2A4E2CC9CCCFD34BCE482CD14B2E4A4D2C494D51D251AA8E51CA4C8951B28A51B2348C51D28941511C0F95323636318A51AA052A578AE58AB634C0343537B5B838313D552F2535A72411622C50BE2435AF046C80918191A9C2D39D5B9ECD58FAA2ABE9D98CF50A860ACFE6742818592A3C9BBE14663400FE613D23');
INSERT INTO "chats" VALUES(2,'spring2a5',2,'92','52','7402','L1','可以退款吗？',1738058629000,1,'completed',90000,1900000,1,4,120,312,432,0,'',2,'',1738058629000,X'789C8BB630313030D0514ACECF2B4B2D2A4E2CC9CCCFD34BCE482CD14B2E4A4D2C494D51D251AA8E51CA4C8951B28A51B2348C51D28941511C0F95323636318A51AA052A578AE58AB634C0343537B5B838313D552F2535A72411622C50BE2435AF046CC0D3FEF54F762F7DD9D0F06CCD3E984100029636FC');
INSERT INTO "chats" VALUES(3,'harbour3b',1,'93','52','7402','L1','Why is the sea salty?',1738058700000,0,'',0,0,0,0,0,0,0,0,'',0,'',1738058700000,NULL);
CREATE TABLE checks (
            key INTEGER PRIMARY KEY CHECK (key = 1),
            checked_at INTEGER NOT NULL                -- when the whole file was last found sound
        );
CREATE TABLE conversations (
            key TEXT PRIMARY KEY,
            site TEXT NOT NULL,
            bot_id TEXT NOT NULL,
            bot_name TEXT NOT NULL DEFAULT '',
            conversation_id TEXT NOT NULL DEFAULT '',  -- Coze's; empty until it gives one
            section_id TEXT NOT NULL DEFAULT '',
            title TEXT NOT NULL DEFAULT '',
            title_by_user INTEGER NOT NULL DEFAULT 0,
            pinned INTEGER NOT NULL DEFAULT 0,
            interrupted INTEGER NOT NULL DEFAULT 0,
            on_server INTEGER NOT NULL DEFAULT 0,
            draft TEXT NOT NULL DEFAULT '',
            queue TEXT NOT NULL DEFAULT '[]',          -- JSON, an array of texts
            forked_from TEXT NOT NULL DEFAULT '',
            last_slot INTEGER NOT NULL DEFAULT 0,      -- of its messages' positions
            created_at INTEGER NOT NULL,               -- here and below: Unix milliseconds
            updated_at INTEGER NOT NULL,
            deleted_at INTEGER NOT NULL DEFAULT 0
        , folded TEXT NOT NULL DEFAULT '');
INSERT INTO "conversations" VALUES('spring2a5','coze.cn','7402','小春','3342','52','Ｒｅｆｕｎｄ 问题',1,1,0,1,'草稿','["排队"]','',2,1738058529000,1738058630900,0,'refund 问题小春');
INSERT INTO "conversations" VALUES('harbour3b','studio.example:8888','7403','海水','3342','52','Why is the sea salty?',0,0,0,1,'','[]','',1,1738058700000,1738058700000,0,'why is the sea salty?海水');
CREATE TABLE breaks (
            chat INTEGER PRIMARY KEY REFERENCES chats ON DELETE CASCADE,
            waited_us INTEGER NOT NULL DEFAULT 0,      -- for the user of a local tool
            cut_us INTEGER NOT NULL DEFAULT 0,         -- until the stream was cut
            asks_back INTEGER NOT NULL DEFAULT 0       -- it ended with a question, for the next message
        );
INSERT INTO "breaks" VALUES(1,36000000,600000,0);
CREATE TABLE edits (
            conversation TEXT PRIMARY KEY REFERENCES conversations ON DELETE CASCADE,
            text TEXT NOT NULL,
            asked_at INTEGER NOT NULL,                 -- Unix milliseconds
            chat INTEGER NOT NULL,                     -- 0 for a question without a chat
            position INTEGER NOT NULL                  -- of the question, if it has no chat
        );
INSERT INTO "edits" VALUES('spring2a5','2026年春节是哪一天',1738058529000,1,0);
CREATE TABLE frames (
            key INTEGER PRIMARY KEY,
            chat INTEGER NOT NULL REFERENCES chats ON DELETE CASCADE,
            number INTEGER NOT NULL,
            line BLOB NOT NULL,                        -- as in a capture
            UNIQUE (chat, number)
        );
INSERT INTO "frames" VALUES(1,3,1,X'5B38343030302C22636F6E766572736174696F6E2E636861742E63726561746564222C227B5C2269645C223A5C2239315C222C5C22636F6E766572736174696F6E5F69645C223A5C22333334325C227D222C22225D');
INSERT INTO "frames" VALUES(2,3,2,X'5B39303030302C22636F6E766572736174696F6E2E6D6573736167652E64656C7461222C227B5C22636F6E74656E745C223A5C225269766572732063617272795C227D222C22225D');
CREATE TABLE messages (
            key INTEGER PRIMARY KEY AUTOINCREMENT,     -- never used twice: the search index may lag behind
            conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
            position INTEGER NOT NULL,
            chat INTEGER REFERENCES chats ON DELETE CASCADE,
            role TEXT NOT NULL,
            type TEXT NOT NULL,
            content_type TEXT NOT NULL,
            message_id TEXT NOT NULL,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            content TEXT NOT NULL,
            reasoning TEXT NOT NULL, thought_us INTEGER NOT NULL DEFAULT 0,
            UNIQUE (conversation, position)
        );
INSERT INTO "messages" VALUES(1,'spring2a5',1048576,1,'user','question','text','','',1738058529000,'2025年春节是哪一天','',0);
INSERT INTO "messages" VALUES(2,'spring2a5',1048577,1,'assistant','answer','text','','',1738058529001,'2025 年春节是 1 月 29 日','先查日历',1500000);
INSERT INTO "messages" VALUES(3,'spring2a5',2097152,2,'user','question','text','','',1738058629000,'可以退款吗？','',0);
INSERT INTO "messages" VALUES(4,'spring2a5',2097153,2,'assistant','answer','text','','',1738058629001,'可以退款','',0);
INSERT INTO "messages" VALUES(5,'harbour3b',1048576,3,'user','question','text','','',1738058700000,'Why is the sea salty?','',0);
CREATE TABLE programs (
            owner TEXT PRIMARY KEY,                    -- as in chats
            started_at INTEGER NOT NULL
        );
CREATE TABLE prompts (
            key INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE,
            used_at INTEGER NOT NULL
        , folded TEXT NOT NULL DEFAULT '');
INSERT INTO "prompts" VALUES(1,'ＨＥＬＬＯ',1738058529000,'hello');
INSERT INTO "prompts" VALUES(2,'可以退款吗？',1738058629000,'可以退款吗?');
CREATE TABLE sections (
            key INTEGER PRIMARY KEY,
            conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
            section_id TEXT NOT NULL,
            position INTEGER NOT NULL,                 -- it begins before the message at this position
            started_at INTEGER NOT NULL
        );
INSERT INTO "sections" VALUES(1,'spring2a5','52',2097152,1738058629000);
CREATE TABLE texts (
            message INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
            is_indexed INTEGER NOT NULL DEFAULT 0,
            folded TEXT NOT NULL
        );
INSERT INTO "texts" VALUES(1,0,'2025年春节是哪一天');
INSERT INTO "texts" VALUES(2,0,'2025 年春节是 1 月 29 日先查日历');
INSERT INTO "texts" VALUES(3,0,'可以退款吗?');
INSERT INTO "texts" VALUES(4,0,'可以退款');
INSERT INTO "texts" VALUES(5,0,'why is the sea salty?');
CREATE TABLE unfetched (chat INTEGER PRIMARY KEY REFERENCES chats ON DELETE CASCADE);
CREATE INDEX conversations_listed ON conversations (pinned DESC, updated_at DESC, key DESC)
        WHERE deleted_at = 0;
CREATE INDEX conversations_by_conversation_id ON conversations (conversation_id)
        WHERE conversation_id <> '';
CREATE INDEX sections_of_conversation ON sections (conversation, position);
CREATE INDEX chats_of_conversation ON chats (conversation, slot);
CREATE INDEX chats_running ON chats (key) WHERE is_final = 0;
CREATE INDEX chats_by_time ON chats (sent_at);
CREATE INDEX messages_of_chat ON messages (chat, position);
CREATE INDEX messages_by_time ON messages (created_at);
CREATE INDEX prompts_by_time ON prompts (used_at);
CREATE INDEX texts_unindexed ON texts (message) WHERE is_indexed = 0;
CREATE INDEX conversations_deleted ON conversations (deleted_at) WHERE deleted_at > 0;
CREATE INDEX conversations_of_bot ON conversations (site, bot_id, bot_name);
CREATE INDEX conversations_latest ON conversations (updated_at DESC, key DESC)
            WHERE deleted_at = 0 AND last_slot > 0;
CREATE INDEX conversations_latest_of_site ON conversations (site, updated_at DESC, key DESC)
            WHERE deleted_at = 0 AND last_slot > 0;
CREATE INDEX chats_by_chat_id ON chats (chat_id) WHERE chat_id <> '';
CREATE INDEX chats_with_frames ON chats (sent_at) WHERE capture IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('chats',3);
INSERT INTO "sqlite_sequence" VALUES('messages',5);
COMMIT;
PRAGMA user_version = 5;
