"""The browser of the journeys: `python -m tests.browser` makes sure that one is there, or says what to install."""

import os
import shutil
import subprocess
import sys

# The shell without windows does the same pages in less time.
PLACES = [
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]
ADVICE = (
    "The journeys need Chromium: install it (Debian and Ubuntu: sudo apt-get install chromium), "
    "or set CHROMIUM to the program of one."
)


def find() -> str | None:
    """The browser's program, or None."""
    told = os.environ.get("CHROMIUM")
    for place in [told] if told else PLACES:
        if found := shutil.which(place):
            return found
    return None


def arguments() -> list[str]:
    """What Chromium needs to be told on this machine; as root its own sandbox does not work."""
    return ["--no-sandbox"] if os.getuid() == 0 else []


def main() -> int:
    """Find it, or install it where we may."""
    if find():
        return 0
    if os.environ.get("CHROMIUM") or os.getuid() != 0 or not shutil.which("apt-get"):
        print(ADVICE, file=sys.stderr)
        return 1
    print("Installing Chromium for the journeys (apt-get install chromium) …", flush=True)
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "capture_output": True, "text": True}
    install = ["install", "-y", "--no-install-recommends", "fonts-dejavu-core"]
    subprocess.run(["apt-get", "-qq", "update"], check=False, **quiet)  # type: ignore[call-overload]
    for program in ("chromium-headless-shell", "chromium"):  # older systems have the second one alone
        done = subprocess.run(["apt-get", "-qq", *install, program], check=False, **quiet)  # type: ignore[call-overload]
        if done.returncode == 0 and find():
            return 0
    print(done.stdout[-1000:], done.stderr[-1000:], ADVICE, sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
