"""Spellings of licences that registries carry and that are no SPDX expressions, with what they mean.

Only spellings that leave one reading are here: "BSD", "GPL" or "Apache" alone may be several, and stay unknown.
Sources: the classifiers of PyPI; names in the POMs of widely used Maven artifacts; npm's documentation of `license`.
"""

from __future__ import annotations

SPELLINGS = {
    "Apache-2.0": (
        "apache 2.0", "apache 2", "apache-2", "apache2", "apache2.0", "apache v2", "apache v2.0", "apache license 2.0",
        "apache license, version 2.0", "apache license version 2.0", "apache license v2.0", "apache license 2",
        "apache license v2", "apache license, 2.0", "the apache license, version 2.0", "the apache license version 2.0",
        "the apache software license, version 2.0", "apache software license 2.0",
        "apache software license, version 2.0", "apache software license - version 2.0", "asl 2.0",
        "apache public license 2.0", "apache-2.0 license", "apache license (2.0)", "apache license, version 2",
    ),
    "MIT": (
        "mit license", "the mit license", "mit licence", "the mit licence", "mit license (mit)",
        "the mit license (mit)", "mit-license", "expat", "expat license", "mit/x11", "mit (expat)",
    ),
    "MIT-0": ("mit no attribution", "mit no attribution license (mit-0)"),
    "BSD-2-Clause": (
        "bsd 2-clause", "bsd 2 clause", "2-clause bsd", "2-clause bsd license", "bsd 2-clause license",
        "simplified bsd", "simplified bsd license", "the bsd 2-clause license", "bsd-2-clause license",
        "freebsd license",
    ),
    "BSD-3-Clause": (
        "bsd 3-clause", "bsd 3 clause", "3-clause bsd", "3-clause bsd license", "bsd 3-clause license", "new bsd",
        "new bsd license", "the new bsd license", "modified bsd license", "modified bsd", "revised bsd license",
        "revised bsd", "the bsd 3-clause license", "bsd-3-clause license", "bsd-3", "bsd license 3",
        'bsd 3-clause "new" or "revised" license',
    ),
    "0BSD": ("zero-clause bsd", "zero-clause bsd (0bsd)", "bsd zero clause license"),
    "ISC": ("isc license", "the isc license", "isc license (iscl)", "isc licence"),
    "MPL-2.0": (
        "mpl 2.0", "mpl2", "mpl-2", "mpl 2", "mozilla public license 2.0", "mozilla public license, version 2.0",
        "mozilla public license 2.0 (mpl 2.0)", "mozilla public license version 2.0", "mpl v2.0",
    ),
    "EPL-1.0": (
        "eclipse public license 1.0", "eclipse public license - v 1.0", "eclipse public license v1.0",
        "eclipse public license, version 1.0", "epl 1.0", "eclipse public license 1.0 (epl-1.0)",
    ),
    "EPL-2.0": (
        "eclipse public license 2.0", "eclipse public license - v 2.0", "eclipse public license v2.0",
        "eclipse public license v. 2.0", "eclipse public license, version 2.0", "epl 2.0",
        "the eclipse public license, version 2.0", "eclipse public license 2.0 (epl-2.0)",
    ),
    "BSL-1.0": (
        "boost software license 1.0", "boost software license 1.0 (bsl-1.0)", "boost software license, version 1.0",
    ),
    "GPL-2.0-only": (
        "gplv2", "gpl v2", "gnu general public license v2 (gplv2)", "gpl-2", "gnu gpl v2",
    ),
    "GPL-2.0-or-later": (
        "gplv2+", "gnu general public license v2 or later (gplv2+)", "gpl-2+", "gpl v2 or later", "gplv2 or later",
    ),
    "GPL-3.0-only": (
        "gplv3", "gpl v3", "gnu general public license v3 (gplv3)", "gpl-3", "gnu gpl v3", "gnu gplv3",
        "gnu general public license v3.0", "gnu general public license, version 3",
    ),
    "GPL-3.0-or-later": (
        "gplv3+", "gnu general public license v3 or later (gplv3+)", "gpl-3+", "gpl v3 or later", "gplv3 or later",
    ),
    "LGPL-2.1-only": ("lgplv2.1", "lgpl v2.1", "lgpl 2.1", "gnu lesser general public license, version 2.1"),
    "LGPL-2.1-or-later": ("lgplv2.1+", "lgpl v2.1+"),
    "LGPL-2.0-or-later": ("gnu lesser general public license v2 or later (lgplv2+)", "lgplv2+"),
    "LGPL-2.0-only": ("gnu lesser general public license v2 (lgplv2)",),
    "LGPL-3.0-only": ("lgplv3", "lgpl v3", "lgpl 3", "lgpl-3", "gnu lesser general public license v3 (lgplv3)"),
    "LGPL-3.0-or-later": ("lgplv3+", "gnu lesser general public license v3 or later (lgplv3+)", "lgpl-3+"),
    "AGPL-3.0-only": ("agplv3", "agpl v3", "agpl-3", "gnu affero general public license v3", "gnu agplv3"),
    "AGPL-3.0-or-later": ("agplv3+", "gnu affero general public license v3 or later (agplv3+)", "agpl-3+"),
    "CDDL-1.0": ("cddl 1.0", "common development and distribution license (cddl) version 1.0", "cddl-1", "cddl v1.0"),
    "CC0-1.0": (
        "cc0", "cc0 1.0", "cc0 1.0 universal", "cc0 1.0 universal (cc0 1.0) public domain dedication",
        "creative commons zero v1.0 universal",
    ),
    "PSF-2.0": ("python software foundation license", "psf", "psf license", "psfl", "psf-2"),
    "Unlicense": ("the unlicense", "the unlicense (unlicense)", "unlicense license"),
    "Zlib": ("zlib license", "zlib/libpng license", "the zlib license"),
    "WTFPL": ("do what the fuck you want to public license", "wtfpl license"),
    "Artistic-2.0": ("artistic license 2.0", "the artistic license 2.0"),
    "HPND": ("historical permission notice and disclaimer (hpnd)",),
    "UPL-1.0": ("universal permissive license (upl)", "universal permissive license v1.0"),
}  # fmt: skip
"""By SPDX identifier: spellings in lower case, with single spaces."""

BY_SPELLING = {spelling: identifier for identifier, spellings in SPELLINGS.items() for spelling in spellings}
