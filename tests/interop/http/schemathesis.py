"""Schemathesis: asks the HTTP API what its description allows, and what it does not, and holds the answers up to it.

Run as the administrator, since only they see everything. What would take the ground from under the test (removing
accounts, changing passwords, ending the session) is left out; the tests of the `web` room have it.
"""

import programs
from house import ALICE, PASSWORDS, House

NEEDS = ("python:schemathesis",)

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PATHS_LEFT_OUT = "/api/logout|/api/account/password|/api/admin/accounts/\\{address\\}"


class Patient(House):
    """Many wrong names come from one address here."""

    def _configuration(self):
        return super()._configuration() + "[limits]\nlogin_guesses_per_minute = 1000\n"


def case_answers_are_as_described(house):
    # Where it runs it leaves what it found.
    programs.run(
        "env", "-C", house.folder, programs.PYTHON.parent.absolute() / "schemathesis", "run", f"https://localhost:{house.ports['https']}/api/openapi.json",
        "--tls-verify", house.certificate, "--auth", f"{ALICE}:{PASSWORDS[ALICE]}", "--checks", CHECKS,
        "--phases", "fuzzing", "--max-examples", "4", "--seed", "1", "--workers", "1",
        "--exclude-path-regex", PATHS_LEFT_OUT, "--no-color",
    )


case_answers_are_as_described.house = Patient
