"""The index of the pictures: a page of HTML, grouped as they were taken."""

import itertools
from collections.abc import Sequence
from html import escape
from pathlib import Path

from tests.gallery.camera import Shot

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Screenshots</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 24px; background: #f4f4f5; color: #18181b }
nav { columns: 5 180px } nav a { display: block; color: inherit }
section { margin-top: 40px } .row { display: flex; gap: 12px; overflow-x: auto; align-items: flex-start }
figure { margin: 0 } figcaption { color: #71717a; margin-bottom: 4px }
img { display: block; max-height: 520px; border: 1px solid #d4d4d8; background: #fff }
</style>
"""


def write(folder: Path, shots: Sequence[Shot]) -> Path:
    """Write `index.html` beside the pictures; its path."""
    parts, names = [], []
    for group, of_group in itertools.groupby(shots, key=lambda shot: shot.group):
        parts.append(f"<h1>{escape(group)}</h1>")
        for page, of_page in itertools.groupby(of_group, key=lambda shot: shot.page):
            names.append(page)
            parts.append(f'<section id="{page}"><h2>{escape(page)}</h2><div class="row">')
            for shot in of_page:
                said = f"{shot.language}, {shot.theme}, {shot.width}"
                picture = f'<a href="{shot.file}"><img loading="lazy" src="{shot.file}" alt="{said}"></a>'
                parts.append(f"<figure><figcaption>{said}</figcaption>{picture}</figure>")
            parts.append("</div></section>")
    links = "".join(f'<a href="#{name}">{escape(name)}</a>' for name in names)
    index = folder / "index.html"
    index.write_text(f"{_HEAD}<nav>{links}</nav>{''.join(parts)}</html>", encoding="utf-8")
    return index
