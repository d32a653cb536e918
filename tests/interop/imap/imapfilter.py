"""imapfilter: searches, flags, moves into a folder it makes, over TLS."""

import letters
from house import BOB, PASSWORDS
from imap_side import subjects
from programs import check, run

NEEDS = ("imapfilter",)

RULES = """
options.timeout = 60
options.create = true
options.certificates = false
account = IMAP { server = 'localhost', port = %d, username = '%s', password = '%s'%s }
inbox = account['INBOX']
found = inbox:contain_subject('dots') + inbox:contain_from('nobody')
found:move_messages(account['filed/dots'])
inbox:contain_subject('ketchup'):mark_flagged()
inbox:is_larger(100000):copy_messages(account['filed/large'])
inbox:is_larger(100000):delete_messages()
inbox:contain_body('pickles'):add_flags({ 'Sauce' })
"""


def case_files_mail(house):
    house.put(letters.PLAIN, letters.DOTS, letters.LARGE, letters.BLANKS)
    for kind, more in (("imaps", ", ssl = 'auto'"), ("imap", "")):
        rules = house.file("rules.lua", RULES % (house.ports[kind], BOB, PASSWORDS[BOB], more))
        run("imapfilter", "-t", house.certificate, "-c", rules, env={"HOME": str(house.folder)})
    inbox = dict(subjects(house))
    check(set(inbox) == {"ketchup", "blanks"}, f"{inbox}")
    check(inbox["ketchup"] == ["Sauce", "\\Flagged"], f"{inbox}")
    check([name for name, _ in subjects(house, "filed/dots")] == ["dots"], "not filed")
    check([name for name, _ in subjects(house, "filed/large")] == ["large"], "not filed")
