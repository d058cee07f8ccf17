"""The same request in the languages that people ask in. They run as they stand, once the key is in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

# What stands for the key; the page puts the reader's own in its place.
PLACEHOLDER = "YOUR_API_KEY"
LANGUAGES = {"curl": "curl", "python": "Python", "php": "PHP", "node": "Node"}


@dataclass(frozen=True)
class Sample:
    """A request in one language, in the three parts around the key."""

    language: str
    before: str
    after: str

    def code(self, key: str = PLACEHOLDER) -> str:
        """The whole of it with a key."""
        return f"{self.before}{key}{self.after}"


def samples(url: str, values: Mapping[str, str], *, key: str = "key", plain: bool = False) -> list[Sample]:
    """The request with these values, in every language.

    `key` is what the endpoint calls the key; `plain` is for answers that are no JSON.
    """
    written = {"curl": _curl, "python": _python, "php": _php, "node": _node}
    made = []
    for language in LANGUAGES:
        before, after = written[language](url, {key: PLACEHOLDER, **values}, plain).split(PLACEHOLDER, 1)
        made.append(Sample(language, before, after))
    return made


def _curl(url: str, values: Mapping[str, str], plain: bool) -> str:
    data = [f"  --data-urlencode {_shell(f'{name}={value}')}" for name, value in values.items()]
    return " \\\n".join([f"curl -sS {_shell(url)}", *data])


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _python(url: str, values: Mapping[str, str], plain: bool) -> str:
    lines = "".join(f"        {_quoted(name)}: {_quoted(value)},\n" for name, value in values.items())
    return (
        "import requests\n\nanswer = requests.post(\n"
        f"    {_quoted(url)},\n    data={{\n{lines}    }},\n    timeout=30,\n)\n"
        f"print(answer.{'text' if plain else 'json()'})"
    )


def _php(url: str, values: Mapping[str, str], plain: bool) -> str:
    lines = "".join(f"        {_single(name)} => {_single(value)},\n" for name, value in values.items())
    return (
        f"<?php\n$call = curl_init({_single(url)});\ncurl_setopt_array($call, [\n"
        "    CURLOPT_RETURNTRANSFER => true,\n    CURLOPT_TIMEOUT => 30,\n"
        f"    CURLOPT_POSTFIELDS => http_build_query([\n{lines}    ]),\n]);\n"
        f"{'echo curl_exec($call);' if plain else 'print_r(json_decode(curl_exec($call), true));'}"
    )


def _single(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _node(url: str, values: Mapping[str, str], plain: bool) -> str:
    lines = "".join(f"    {name}: {_quoted(value)},\n" for name, value in values.items())
    return (
        f'const answer = await fetch({_quoted(url)}, {{\n  method: "POST",\n'
        f"  body: new URLSearchParams({{\n{lines}  }}),\n  signal: AbortSignal.timeout(30000),\n}});\n"
        f"console.log(await answer.{'text' if plain else 'json'}());"
    )


def _quoted(text: str) -> str:
    # Not as pairs of escapes, which are two letters to Python.
    return json.dumps(text, ensure_ascii=False)
