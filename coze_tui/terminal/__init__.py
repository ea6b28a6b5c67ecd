"""A library between Textual and the terminal. It imports nothing else of this program.

It offers `app.TerminalApp` and `app.TerminalScreen` to derive from, and parts that work without them. Each
module imports only modules of the lines above it:

- `kind`, `reports`, `signals`, `clipboard`, `early_keys`, `first_frame`: the process and the terminal,
  without Textual
- `textual_overrides`: the private names of Textual in use, and whether they fit the installed version
- `hyperlinks`: the terminals that support links, and the targets that are safe
- `cells`, `guard`, `no_color`, `scanner`, `pacing`, `throttle`, `spacing_marks`: cells as numbers, the last
  filters, the parts of the input, how often to draw, the speed of the line, what the terminal measures
- `window`, `attention`: the title and background of the window, and how to get the attention of its user
- `keys`: the keys that send, and the order in which keys take effect
- `painter`, `parser`, `compositor`: bytes from cells, keys from bytes, changed lines from widgets
- `display`, `driver`: frames as differences; input and output in threads that never block the loop
- `app`: all of them in one app and one screen
"""
