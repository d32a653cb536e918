// English: the outbox.
export default {
  "outbox.title": "Outbox", "outbox.about": "Messages that have not left yet. The server keeps them; you may close this page.",
  "outbox.waiting": "Waiting for their time", "outbox.going": "On their way", "outbox.empty": "Nothing waits", "outbox.empty.hint": "Choose “Send later” in a message, and it waits here until its time.",
  "outbox.to": "To {who}", "outbox.no-subject": "(no subject)", "outbox.left": "Left {when}", "outbox.edit": "Edit", "outbox.now": "Send now", "outbox.delete": "Delete message", "outbox.delete-of": "Delete {subject}",
  "outbox.delete.sure": "“{subject}” will not be sent, and is deleted for good.", "outbox.deleted": "Message deleted", "outbox.sent": "Sent",
  "outbox.too-late": "Too late: this message has left.", "outbox.failed": "That did not work. The message is in Drafts or still waits here.", "outbox.unreachable": "The server did not answer.", "outbox.again": "Try again",
};
