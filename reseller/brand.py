"""The operator's accent colour as a style sheet, readable in both themes whatever the colour is.

A strict Content-Security-Policy allows no inline style, so the colour of SHOP_ACCENT comes from its own
address. From the one colour we derive the shades that pass WCAG AA: text on it, text in it, a soft ground.
"""

import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

Colour = tuple[float, float, float]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
# The grounds of static/css/tokens.css on which accent-coloured text stands, the hardest of each theme.
GROUND = {"light": (241, 243, 246), "dark": (29, 33, 40)}
SURFACE = {"light": WHITE, "dark": (21, 24, 29)}
INK: Colour = (16, 18, 22)

TEXT_CONTRAST = 4.6
# A button has to stand out from the page a little, even when the operator's colour is white or black.
SHAPE_CONTRAST = 1.6

HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})\Z", re.IGNORECASE | re.ASCII)


def read(colour: str) -> Colour | None:
    """`#36c` or `#3366cc` as red, green and blue from 0 to 255; nothing when it is neither."""
    match = HEX.match(colour.strip())
    if not match:
        return None
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    return (int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))


def write(colour: Colour) -> str:
    """The colour as `#rrggbb`."""
    return "#" + "".join(f"{round(part):02x}" for part in colour)


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """`share` (0 to 1) of `other` in `colour`."""
    red, green, blue = (a + (b - a) * share for a, b in zip(colour, other, strict=True))
    return (red, green, blue)


def luminance(colour: Colour) -> float:
    """Relative luminance as WCAG 2 defines it, 0 to 1."""
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def until(colour: Colour, towards: Colour, grounds: list[Colour], least: float) -> Colour:
    """The colour, moved towards white or black only as far as the contrast with every ground needs."""
    for step in range(51):
        moved = mix(colour, towards, step / 50)
        if all(contrast(moved, ground) >= least for ground in grounds):
            return moved
    return towards


def shades(accent: Colour) -> dict[str, dict[str, str]]:
    """The accent tokens of static/css/tokens.css for each theme."""
    found = {}
    for theme, towards in [("light", BLACK), ("dark", WHITE)]:
        fill = until(accent, towards, [SURFACE[theme]], SHAPE_CONTRAST)
        on_fill = WHITE if contrast(WHITE, fill) >= TEXT_CONTRAST else INK
        if contrast(on_fill, fill) < TEXT_CONTRAST:
            on_fill = BLACK
        soft = mix(SURFACE[theme], accent, 0.1 if theme == "light" else 0.22)
        found[theme] = {
            "accent": write(fill),
            "accent-hover": write(mix(fill, BLACK if on_fill == WHITE else WHITE, 0.12)),
            "on-accent": write(on_fill),
            "accent-ink": write(until(accent, towards, [GROUND[theme], soft], TEXT_CONTRAST)),
            "accent-soft": write(soft),
        }
    return found


@require_safe
def stylesheet(request: HttpRequest) -> HttpResponse:
    """The accent tokens; pages link to it with the colour in the query, so a new colour is a new address."""
    accent = read(settings.SHOP_ACCENT)
    if accent is None:
        raise Http404("SHOP_ACCENT is not a colour such as #3366cc")
    both = shades(accent)
    lines = [f"--{name}: light-dark({both['light'][name]}, {both['dark'][name]});" for name in both["light"]]
    body = f"@layer brand {{ :root {{ {' '.join(lines)} }} }}\n"
    return HttpResponse(
        body,
        content_type="text/css; charset=utf-8",
        headers={"Cache-Control": "public, max-age=604800"},
    )
