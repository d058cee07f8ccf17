"""The check of translations, on small shops of its own: what it finds, and what an update keeps."""

import polib
import pytest

from checks import translations

PYTHON = """
from django.utils.translation import gettext as _, gettext_lazy as later, ngettext, pgettext

_("Saved " "at once")
later("Later %(name)s")
ngettext("%(count)d order", "%(count)d orders", 2)
pgettext("price", "each")
"""
TEMPLATE = """{% load i18n %}{# {% translate "In a comment" %} #}
{% translate "100% yours" %}
  {% blocktranslate count count=orders with who=user.name trimmed %}
    {{ who }} has <b>one</b> order
  {% plural %}
    {{ who }} has <b>{{ count }}</b> orders
  {% endblocktranslate %}
<input aria-label="{% translate 'Saved at once' %}" placeholder="{{ hint|default:_('Type here') }}">
{% translate "May" context "month" %}{% include "part.html" with title=_("A title") %}
"""
CHINESE = {
    "%(count)d order": "%(count)d 笔订单",
    "%(who)s has <b>one</b> order": "%(who)s 有 <b>%(count)s</b> 笔订单",
    "100%% yours": "100%% 归您",
    "A title": "标题",
    "Later %(name)s": "稍后 %(name)s",
    "May": "五月",
    "Saved at once": "立即保存",
    "Type here": "在此输入",
    "each": "每个",
}


class Shop:
    """A folder with a module, a template and a finished catalogue."""

    def __init__(self, root):
        self.root = root
        self.python = root / "orders" / "place.py"
        self.template = root / "templates" / "orders" / "list.html"
        self.po = root / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        for path, text in [(self.python, PYTHON), (self.template, TEMPLATE)]:
            path.parent.mkdir(parents=True)
            path.write_text(text)

    def check(self, *arguments, packages=None):
        return translations.main(list(arguments), self.root, packages or {})

    def translate(self, **changed):
        """Fill in what is known, and compile it."""
        catalogue = polib.pofile(str(self.po), wrapwidth=0)
        for entry in catalogue:
            said = (CHINESE | changed).get(entry.msgid, "")
            if entry.msgid_plural:
                entry.msgstr_plural = {0: said}
            else:
                entry.msgstr = said
        self.save(catalogue)

    def save(self, catalogue):
        catalogue.save(str(self.po))
        catalogue.save_as_mofile(str(self.po.with_suffix(".mo")))

    def edit(self, act):
        """Change the catalogue in place, compiled again."""
        catalogue = polib.pofile(str(self.po), wrapwidth=0)
        act(catalogue)
        self.save(catalogue)


@pytest.fixture
def shop(tmp_path, capsys):
    shop = Shop(tmp_path)
    shop.check("--update")
    shop.translate()
    capsys.readouterr()
    return shop


def test_a_finished_catalogue_passes_and_an_update_leaves_it_as_it_is(shop, capsys):
    assert shop.check() == 0
    before = shop.po.read_bytes(), shop.po.with_suffix(".mo").read_bytes()
    assert shop.check("--update") == 0
    assert (shop.po.read_bytes(), shop.po.with_suffix(".mo").read_bytes()) == before
    assert capsys.readouterr().out == ""


def test_every_way_of_marking_is_found_with_its_files_and_no_lines(shop):
    catalogue = polib.pofile(str(shop.po))
    assert {entry.msgid for entry in catalogue} == set(CHINESE)
    assert {(entry.msgid, entry.msgctxt) for entry in catalogue if entry.msgctxt} == {
        ("each", "price"),
        ("May", "month"),
    }
    assert catalogue.find("%(who)s has <b>one</b> order").msgid_plural == "%(who)s has <b>%(count)s</b> orders"
    assert catalogue.find("Saved at once").occurrences == [
        ("orders/place.py", ""),
        ("templates/orders/list.html", ""),
    ]


def test_a_missing_string_is_found_and_an_update_adds_it_and_keeps_the_rest(shop, capsys):
    shop.python.write_text(PYTHON + '_("Brand new")\n')
    assert shop.check() == 1
    assert "zh_Hans: missing: 'Brand new' of orders/place.py" in capsys.readouterr().out
    assert shop.check("--update") == 1
    assert "not translated: 'Brand new'" in capsys.readouterr().out
    assert polib.pofile(str(shop.po)).find("each", msgctxt="price").msgstr == "每个"
    shop.translate(**{"Brand new": "全新"})
    assert shop.check() == 0


def test_an_obsolete_string_is_found_and_an_update_drops_it(shop, capsys):
    shop.template.write_text('{% load i18n %}{% translate "Type here" %}')
    assert shop.check() == 1
    assert "obsolete: 'A title'" in capsys.readouterr().out
    assert shop.check("--update") == 0
    assert "A title" not in shop.po.read_text()


@pytest.mark.parametrize(
    ("text", "said", "fault"),
    [
        ("Later %(name)s", "稍后", "placeholders differ: %(name)s / "),
        ("Later %(name)s", "稍后 %(nane)s", "placeholders differ: %(name)s / %(nane)s"),
        ("100%% yours", "100% 归您", "placeholders differ: %% / %"),
        ("%(who)s has <b>one</b> order", "%(who)s 有 %(count)s 笔订单", "placeholders differ"),
        ("%(count)d order", "一笔订单", "placeholders differ: %(count)d / "),
        ("A title", "", "not translated"),
        ("A title", "标题\n", "line breaks at the ends differ"),
    ],
)
def test_a_translation_that_lost_something_is_found(shop, capsys, text, said, fault):
    shop.translate(**{text: said})
    assert shop.check() == 1
    out = capsys.readouterr().out
    assert fault in out
    assert repr(text) in out


def test_a_fuzzy_translation_is_found(shop, capsys):
    shop.edit(lambda catalogue: catalogue.find("A title").flags.append("fuzzy"))
    assert shop.check() == 1
    assert "fuzzy: 'A title'" in capsys.readouterr().out


def test_a_stale_or_missing_compiled_file_is_found(shop, capsys):
    shop.po.write_text(shop.po.read_text().replace("标题", "题目"))
    assert shop.check() == 1
    assert "django.mo is not what django.po says" in capsys.readouterr().out
    shop.po.with_suffix(".mo").write_bytes(shop.po.with_suffix(".mo").read_bytes()[:50])
    assert shop.check() == 1
    assert "django.mo is not what django.po says" in capsys.readouterr().out
    shop.po.with_suffix(".mo").unlink()
    assert shop.check() == 1
    assert "django.mo is not what django.po says" in capsys.readouterr().out
    assert shop.check("--update") == 0


def test_words_in_a_template_that_nobody_marked_are_found(shop, capsys):
    shop.template.write_text(
        TEMPLATE + '<p class="lede">Bare {{ words }}</p><img alt="A picture">'
        "{% comment %}Not this.{% endcomment %}<script>var nor = 'this';</script>"
    )
    assert shop.check() == 1
    said = [line for line in capsys.readouterr().out.splitlines() if "not marked" in line]
    assert said == [
        "templates/orders/list.html: not marked for translation: Bare ·",
        "templates/orders/list.html: not marked for translation: A picture",
    ]


def test_what_a_package_leaves_in_english_is_ours_to_translate(shop, tmp_path, capsys):
    package = tmp_path / ".venv" / "lender"
    package.mkdir(parents=True)
    (package / "forms.py").write_text('_("Theirs")\n_("Left to us")\n')
    (package / "admin.py").write_text('_("Nobody reads this")\n')
    theirs = polib.POFile()
    theirs.append(polib.POEntry(msgid="Theirs", msgstr="他们的"))
    (package / "locale" / "zh_Hans" / "LC_MESSAGES").mkdir(parents=True)
    theirs.save_as_mofile(str(package / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo"))
    packages = {package: ["forms.py"]}
    assert shop.check(packages=packages) == 1
    said = [line for line in capsys.readouterr().out.splitlines() if "missing" in line]
    assert said == ["zh_Hans: missing: 'Left to us' of lender/forms.py"]
    shop.check("--update", packages=packages)
    shop.translate(**{"Left to us": "留给我们"})
    assert shop.check(packages=packages) == 0


def test_a_broken_catalogue_and_a_broken_template_are_named(shop, capsys):
    shop.po.write_text('msgid "x\n')
    assert shop.check() == 1
    assert "django.po" in capsys.readouterr().out
    shop.template.write_text("{% load i18n %}{% blocktranslate %}{% if x %}{% endblocktranslate %}")
    assert shop.check() == 1
    assert "templates/orders/list.html: Translation blocks must not include" in capsys.readouterr().out
