"""neomutt on the screen: as mutt, whose keys and settings it has."""

import importlib.util
from pathlib import Path

NEEDS = ("neomutt", "tmux")
# The cases of mutt, in a module of their own.
SPEC = importlib.util.spec_from_file_location("interop_neomutt_cases", Path(__file__).with_name("mutt.py"))
CASES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(CASES)
CASES.PROGRAM = "neomutt"
case_reads_flags_files_deletes = CASES.case_reads_flags_files_deletes
case_tls = CASES.case_tls
