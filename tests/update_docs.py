"""Update the generated parts of the documents and print what changed: `python -m tests.update_docs`."""

from __future__ import annotations

from tests.support.doc_tables import ROOT, SCHEMA, documents, schema, updated


def main() -> None:
    for path in documents():
        text = path.read_text("utf-8")
        if (new := updated(text)) != text:
            path.write_text(new, "utf-8")
            print(path.relative_to(ROOT).as_posix())
    SCHEMA.write_text(schema(), "utf-8")


if __name__ == "__main__":
    main()
