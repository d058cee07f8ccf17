"""Every template under `templates/` parses and finds what it extends and includes by name."""

import sys

import django
from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.base import Node
from django.template.loader_tags import ExtendsNode, IncludeNode


def problems(name: str) -> list[str]:
    """What is wrong with one template."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    try:
        template = engine.get_template(name)
        for node in template.nodelist.get_nodes_by_type(Node):
            wanted = {ExtendsNode: "parent_name", IncludeNode: "template"}.get(type(node))
            # Only names that are written out; a variable's is known when the page is made.
            literal = getattr(getattr(node, wanted), "var", None) if wanted else None
            if isinstance(literal, str):
                engine.get_template(literal.partition("#")[0] or name)
    except (TemplateSyntaxError, TemplateDoesNotExist) as error:
        return [f"{name}: {type(error).__name__}: {error}"]
    return []


def main() -> int:
    """0 when all of them are sound."""
    django.setup()
    found = []
    folder = settings.BASE_DIR / "templates"
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            found += problems(file.relative_to(folder).as_posix())
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
