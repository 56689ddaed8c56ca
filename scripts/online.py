"""Says whether the package index answers from here, as tests marked `online` need, and if not, why."""

import ssl
import sys
import urllib.parse
import urllib.request

from packageurl.contrib import purl2url


def main() -> int:
    """Exit code 0 if the index answers. It trusts what the host trusts and uses the proxy of the host."""
    page = purl2url.get_repo_url("pkg:pypi/pip")
    index = urllib.parse.urljoin(page, "/simple/pip/")
    request = urllib.request.Request(index, method="HEAD")  # noqa: S310  the scheme is the library's own
    try:
        urllib.request.urlopen(request, timeout=30, context=ssl.create_default_context()).close()  # noqa: S310
    except OSError as error:
        print(f"the package index does not answer: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
