"""Pages in a real headless browser, where one is at hand: how wide they are, and what scripts of theirs do."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)


def seen(page: str, script: str, folder: Path, *, width: int = 1280, dark: bool = False) -> Any:
    """Return what JavaScript gives in a page of some width, by day or by night; `d` is its document, `w` its window."""
    assert CHROMIUM is not None
    frame = (
        f'<!DOCTYPE html><html style="color-scheme:{"dark" if dark else "light"}"><body style="margin:0">'
        f'<iframe id="f" style="width:{width}px;height:900px;border:0" '
        f'srcdoc="{html.escape(page)}"></iframe><pre id="out"></pre><script>document.getElementById("f").onload = '
        '() => { const w = document.getElementById("f").contentWindow, d = w.document; let found; '
        f"try {{ found = (() => {{ {script} }})() }} catch (e) {{ found = {{error: String(e)}} }} "
        'document.getElementById("out").textContent = "OUT" + JSON.stringify(found) + "END"; }</script></body>'
    )
    file = folder / "frame.html"
    file.write_text(frame, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--blink-settings=preferredColorScheme=0"] if dark else []
    shown = subprocess.run(
        [*command, f"--window-size={max(width, 500)},1000", "--virtual-time-budget=8000", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=True,
    ).stdout  # fmt: skip
    (out,) = re.findall(r'<pre id="out">OUT(.*?)END</pre>', shown, re.DOTALL)
    return json.loads(html.unescape(out))


# What a reader of a page meets: `faint` texts (below 4.5 to 1), `cut` ones, what is `past` the edge, a page too `wide`.
READABLE = (Path(__file__).parent / "readable.js").read_text(encoding="utf-8")
