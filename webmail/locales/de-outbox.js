// Deutsch: der Postausgang.
export default {
  "outbox.title": "Postausgang", "outbox.about": "Nachrichten, die noch nicht abgegangen sind. Der Server bewahrt sie auf; Sie dürfen diese Seite schließen.",
  "outbox.waiting": "Warten auf ihre Zeit", "outbox.going": "Unterwegs", "outbox.empty": "Nichts wartet", "outbox.empty.hint": "Wählen Sie in einer Nachricht „Später senden“, und sie wartet hier bis zu ihrer Zeit.",
  "outbox.to": "An {who}", "outbox.no-subject": "(kein Betreff)", "outbox.left": "Abgegangen {when}", "outbox.edit": "Ändern", "outbox.now": "Jetzt senden", "outbox.delete": "Nachricht löschen", "outbox.delete-of": "{subject} löschen",
  "outbox.delete.sure": "„{subject}“ wird nicht gesendet und endgültig gelöscht.", "outbox.deleted": "Nachricht gelöscht", "outbox.sent": "Gesendet",
  "outbox.too-late": "Zu spät: Diese Nachricht ist schon fort.", "outbox.failed": "Das ging nicht. Die Nachricht liegt unter Entwürfe oder wartet noch hier.", "outbox.unreachable": "Der Server hat nicht geantwortet.", "outbox.again": "Noch einmal versuchen",
};
