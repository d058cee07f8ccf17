"""Copy the vendor's countries and projects into ours: fetch, compare, one atomic write."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from catalog.models import SyncRun
from catalog.pricing import RuleBook, price_of
from catalog.runs import SyncFailed, guard, name_skipped, synchronise
from catalog.search import fold
from core import bulk
from core.money import MICRO, round_up
from sms.models import Country, Project, Site
from sms.phones import region_of
from sms.pricing import rule_book
from upstream import replies
from upstream.client import Client, client
from upstream.replies import SkippedRow, tidy

KIND = "numbers"
# A name may grow when it is folded for searching; this is what its column holds.
LONGEST_NAME = 500


@dataclass
class Fetched:
    """The vendor's answer: projects by id, and country names by place."""

    projects: dict[str, replies.SmsProject]
    names: dict[str, str]
    skipped: list[SkippedRow]


def sync_sms(*, accept_withdrawals: bool = False, vendor: Client | None = None) -> SyncRun:
    """Bring our copy up to date and return the run's record. Raises `SyncFailed`; then nothing has changed."""

    def write(fetched: Fetched, run: SyncRun) -> None:
        if not fetched.projects:
            raise SyncFailed("the vendor's list of projects came back empty")
        on_sale = set(Project.objects.filter(state=Project.State.ON_SALE).values_list("upstream_id", flat=True))
        if not accept_withdrawals:
            guard(on_sale=len(on_sale), gone=len(on_sale - _mentioned(fetched)), command="sync_sms")
        _write(fetched, run, now=timezone.now())

    return synchronise(kind=KIND, fetch=lambda: _fetch(vendor or client()), write=write)


def _fetch(vendor: Client) -> Fetched:
    answer = vendor.sms_projects()
    projects: dict[str, replies.SmsProject] = {}
    skipped = list(answer.skipped)
    for row in answer.good:
        if row.project_id in projects:
            skipped.append(SkippedRow(id=row.project_id, why=f"project {row.project_id!r} is listed twice"))
        elif len(fold(row.name)) > LONGEST_NAME:
            skipped.append(SkippedRow(id=row.project_id, why=f"project {row.project_id!r} has too long a name"))
        else:
            projects[row.project_id] = row
    # Its codes may be dial codes while those of projects are ISO codes: both lead to a region.
    names = {_place(country.country_code): country.country_name for country in vendor.sms_countries().good}
    return Fetched(projects=projects, names=names, skipped=skipped)


def _mentioned(fetched: Fetched) -> set[str]:
    """Ids the answer speaks of: a row we can't read is no sign that its project is gone."""
    return set(fetched.projects) | {row.id for row in fetched.skipped if isinstance(row.id, str)}


def _write(fetched: Fetched, run: SyncRun, *, now: datetime) -> None:
    countries = _countries(fetched)
    sites = _sites(fetched)
    rules = rule_book()
    known = {project.upstream_id: project for project in Project.objects.all()}
    new: list[Project] = []
    changed: list[Project] = []
    returned: list[int] = []
    for row in fetched.projects.values():
        project = known.get(row.project_id)
        country = countries[row.country_id]
        wanted = _figures(row, sites[fold(row.name)], country, project, rules)
        if project is None:
            new.append(Project(upstream_id=row.project_id, changed_at=now, **wanted))
            continue
        if project.state == Project.State.WITHDRAWN:
            returned.append(project.pk)
        if any(getattr(project, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(project, name, value)
            project.changed_at = now
            changed.append(project)
    mentioned = _mentioned(fetched)
    gone = [p.pk for p in known.values() if p.upstream_id not in mentioned and p.state == Project.State.ON_SALE]

    Project.objects.bulk_create(new, batch_size=500)
    bulk.update(changed, ["site", "country", "cost", "price", "changed_at"])
    # Only from WITHDRAWN: a project that was suspended meanwhile stays off sale.
    for start in range(0, len(returned), 500):
        back = Project.objects.filter(pk__in=returned[start : start + 500], state=Project.State.WITHDRAWN)
        back.update(state=Project.State.ON_SALE, changed_at=now)
    for start in range(0, len(gone), 500):
        batch = Project.objects.filter(pk__in=gone[start : start + 500])
        batch.update(state=Project.State.WITHDRAWN, changed_at=now)
    run.seen, run.added, run.changed, run.withdrawn = len(fetched.projects), len(new), 0, len(gone)
    run.changed = len({project.pk for project in changed} | set(returned))
    name_skipped(run, fetched.skipped)


def _figures(
    row: replies.SmsProject, site: int, country: int, project: Project | None, rules: RuleBook
) -> dict[str, object]:
    cost = round_up(row.price, MICRO)
    rule = rules.rule_for(project_id=project.pk if project else None, country_id=country)
    return {"site_id": site, "country_id": country, "cost": cost, "price": price_of(cost, rule)}


def _countries(fetched: Fetched) -> dict[str, int]:
    """Ids by the code that projects use: that is the one which filters (ruling 7)."""
    titles: dict[str, str] = {}
    for row in fetched.projects.values():
        code = row.country_id
        titles.setdefault(code, fetched.names.get(_place(code)) or row.country_title or code)
    known = {country.code: country for country in Country.objects.all()}
    Country.objects.bulk_create(
        Country(code=code, name=_capital(title), region=region_of(code))
        for code, title in titles.items()
        if code not in known
    )
    return dict(Country.objects.values_list("code", "pk"))


def _place(code: str) -> str:
    """What two codes of one country have in common: its region, else the code itself."""
    code = tidy(code)
    return region_of(code) or code.lower()


def _sites(fetched: Fetched) -> dict[str, int]:
    names = {fold(row.name): row.name for row in fetched.projects.values()}
    known = set(Site.objects.values_list("folded", flat=True))
    Site.objects.bulk_create(Site(name=name, folded=key) for key, name in names.items() if key not in known)
    return dict(Site.objects.values_list("folded", "pk"))


def _capital(title: str) -> str:
    """`united states` → `United States`; what has capitals already stays as it is."""
    return title.title() if title.islower() else title
