"""Two factors in a real browser: codes of an app, and a passkey in an authenticator that Chromium plays."""

import pytest
from playwright.sync_api import CDPSession, Page, expect

from accounts import second_factor
from privacy.models import Deletion
from reseller.books import audit
from tests.accounts.test_two_factors import code_for
from tests.conftest import PASSWORD
from tests.journeys.test_orders import accessible

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def url(shop) -> str:
    """The shop by a name: passkeys belong to names, and of all that speak http only `localhost` is trusted."""
    return shop.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def finger(page: Page) -> tuple[CDPSession, str]:
    """A device with a fingerprint reader, which always finds the right finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, made["authenticatorId"]


def log_in(page: Page, url: str, email: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def log_out(page: Page) -> None:
    page.locator("summary[aria-label='Your account']").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Log in")).to_be_visible()


def prove(page: Page) -> None:
    """The password once more, where it is asked for."""
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def test_codes_of_an_app_are_set_up_and_asked_for(shop, url, page, customer):
    log_in(page, url, customer.email)
    page.goto(f"{url}/account/profile")
    page.get_by_role("link", name="Two factors").click()
    accessible(page)
    page.get_by_role("link", name="Set up").click()
    prove(page)
    picture = page.get_by_role("img", name="A code for the camera")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the policy let the picture in"
    accessible(page)
    page.get_by_text("Type the key in").click()
    secret = page.locator("#totp-secret").inner_text()
    page.get_by_label("Type in the code").fill(code_for(secret))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator("#codes li")).to_have_count(10)
    recovery = page.locator("#codes li").first.inner_text()
    accessible(page)

    log_out(page)
    log_in(page, url, customer.email)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    accessible(page)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("This is not the right code")).to_be_visible()
    page.get_by_label("Code").fill(code_for(secret, ahead=1))
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator("#balance")).to_contain_text("$50.00")

    log_out(page)
    log_in(page, url, customer.email)
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator("#balance")).to_contain_text("$50.00")
    assert audit().problems == []


def test_a_passkey_is_added_and_then_lets_in_alone(shop, url, page, customer, finger):
    session, authenticator = finger
    log_in(page, url, customer.email)
    expect(page.locator("#balance")).to_be_visible()
    page.goto(f"{url}/accounts/2fa/webauthn/add/")
    prove(page)
    accessible(page)
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("#codes li")).to_have_count(10)
    assert second_factor.has_one(customer)
    (kept,) = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert kept["isResidentCredential"]

    log_out(page)
    page.goto(f"{url}/accounts/login/?next=/account/profile")
    accessible(page)
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page).to_have_url(f"{url}/account/profile")
    page.goto(f"{url}/account/sessions")
    expect(page.get_by_text("This browser")).to_be_visible()
    accessible(page)

    # Beside the password it is a second factor.
    log_out(page)
    log_in(page, url, customer.email)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("#balance")).to_contain_text("$50.00")

    # A finger that is not the right one.
    log_out(page)
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.goto(f"{url}/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("That did not work")


def test_somebody_takes_a_copy_and_leaves_for_good(shop, url, page, customer):
    log_in(page, url, customer.email)
    expect(page.locator("#balance")).to_be_visible()
    page.goto(f"{url}/account/data")
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith(".zip")

    page.get_by_role("link", name="Look at what happens").click()
    accessible(page)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete my account for good").click()
    expect(page.get_by_text("say that you give them up")).to_be_visible()
    page.get_by_label("I give up the $50.00").check()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete my account for good").click()
    expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible()
    accessible(page)
    assert Deletion.objects.filter(customer=customer).exists()
    assert audit().problems == []
