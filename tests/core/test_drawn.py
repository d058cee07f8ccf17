"""Parts of a page that are drawn once: kept for their facts alone, with the reader's own put in each time."""

import gc
from types import SimpleNamespace

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation
from django.utils.safestring import mark_safe

from core.templatetags import drawn


def part(text):
    return Template("{% load drawn i18n %}" + text)


def node_of(template):
    return template.nodelist.get_nodes_by_type(drawn.DrawnOnce)[0]


def test_it_is_drawn_once_for_its_facts_and_anew_where_it_says_so():
    template = part(
        "{% drawn_once a=a %}[{{ a }}|{% drawn_anew %}{{ b }}{% enddrawn_anew %}|{{ a }}]{% enddrawn_once %}"
    )
    assert template.render(Context({"a": "x", "b": "1"})) == "[x|1|x]"
    assert template.render(Context({"a": "x", "b": "2"})) == "[x|2|x]"
    assert template.render(Context({"a": "y", "b": "2"})) == "[y|2|y]"
    assert node_of(template)._pieces.cache_info().misses == 2


def test_what_is_no_fact_is_not_seen_by_what_is_kept():
    template = part("{% drawn_once a=a %}{{ a }}{{ b }}{{ request.user }}{{ csrf_token }}{% enddrawn_once %}")
    context = {"a": "x", "b": "secret", "request": SimpleNamespace(user="secret"), "csrf_token": "secret"}
    assert template.render(Context(context)) == "x"


def test_each_language_has_its_own():
    template = part("{% drawn_once %}{% translate 'Catalogue' %}{% enddrawn_once %}")
    said = []
    for language in ("en", "zh-hans", "en"):
        with translation.override(language):
            said.append(template.render(Context()))
    assert said[0] == said[2] == "Catalogue" != said[1]


def test_facts_and_holes_are_escaped():
    template = part("{% drawn_once a=a %}{{ a }}{% drawn_anew %}{{ b }}{% enddrawn_anew %}{% enddrawn_once %}")
    assert template.render(Context({"a": "<a>", "b": "<b>"})) == "&lt;a&gt;&lt;b&gt;"


@pytest.mark.parametrize("fact", [7, mark_safe("x"), ["x"], object()])
def test_a_fact_is_plain(fact):
    with pytest.raises(TypeError, match="a of drawn_once"):
        part("{% drawn_once a=a %}{{ a }}{% enddrawn_once %}").render(Context({"a": fact}))


def test_a_hole_in_a_template_that_is_included_is_one():
    template = part("{% drawn_once %}{% include 'catalog/star_form.html' %}{% enddrawn_once %}")
    for path in ("/one", "/two"):
        request = SimpleNamespace(get_full_path=path)
        assert f'value="{path}"' in template.render(Context({"request": request}))


def test_a_hole_is_drawn_as_often_as_it_stands_there():
    template = part(
        "{% drawn_once a=a %}{% for each in '123' %}{% drawn_anew %}{{ b }}{% enddrawn_anew %}{% endfor %}"
        "{% if a %}{% drawn_anew %}{{ c }}{% enddrawn_anew %}{% endif %}{% enddrawn_once %}"
    )
    assert template.render(Context({"a": True, "b": "x", "c": "y"})) == "xxxy"
    assert template.render(Context({"a": False, "b": "x", "c": "y"})) == "xxx"


def test_only_so_many_are_kept():
    template = part("{% drawn_once a=a %}{{ a }}{% enddrawn_once %}")
    for number in range(2 * drawn.KEPT):
        template.render(Context({"a": str(number)}))
    assert node_of(template)._pieces.cache_info().currsize == drawn.KEPT


def test_what_is_kept_on_an_object_goes_with_it():
    template = part("{% drawn_once on thing %}{{ thing.name }}{{ other }}{% enddrawn_once %}")
    first, second = SimpleNamespace(name="first", drawn={}), SimpleNamespace(name="second", drawn={})
    for thing in (first, second, first):
        assert template.render(Context({"thing": thing, "other": "secret"})) == thing.name
    assert len(first.drawn) == len(second.drawn) == 1
    first.name = "changed"
    assert template.render(Context({"thing": first})) == "first"
    gc.collect()
    assert node_of(template)._pieces.cache_info().currsize == 0


@pytest.mark.parametrize(
    "wrong",
    [
        "{% drawn_once a %}{% enddrawn_once %}",
        "{% drawn_once %}{% block main %}{% endblock %}{% enddrawn_once %}",
        "{% drawn_once %}{% drawn_once %}{% enddrawn_once %}{% enddrawn_once %}",
    ],
)
def test_what_can_not_be_kept_is_refused(wrong):
    with pytest.raises(TemplateSyntaxError):
        part(wrong).render(Context())
