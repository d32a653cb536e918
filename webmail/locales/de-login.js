// Deutsch: anmelden.
export default {
  "login.title": "Anmelden", "login.username": "Adresse oder Name", "login.password": "Passwort", "login.show-password": "Passwort zeigen", "login.do": "Anmelden", "login.busy": "Einen Augenblick …",
  "login.or": "oder", "login.passkey": "Mit Passkey anmelden", "login.already": "Sie sind angemeldet.", "login.to-mail": "Zu Ihrer Post",
  "login.code-title": "Noch ein Schritt", "login.code": "Code", "login.code-why": "Geben Sie die sechs Ziffern Ihrer App ein oder einen Ihrer Wiederherstellungscodes.", "login.code-do": "Weiter", "login.back": "Zurück",
  "login.wrong": "Name und Passwort passen nicht. Prüfen Sie beides, und ob die Großschreibung an ist.", "login.wrong-code": "Dieser Code passt nicht. Codes der App wechseln alle 30 Sekunden; jeder gilt einmal.",
  "login.too-many": "Das waren zu viele Versuche. Zum Schutz des Kontos machen wir eine Pause; versuchen Sie es in einigen Minuten wieder.", "login.unreachable": "Der Server ist nicht erreichbar. Prüfen Sie, ob Sie online sind, und versuchen Sie es dann noch einmal.",
  "login.unavailable": "Der Server ist beschäftigt. Versuchen Sie es gleich noch einmal.", "login.passkey-none": "Es wurde kein Passkey benutzt. Versuchen Sie es noch einmal, oder melden Sie sich mit dem Passwort an.", "login.other": "Das ging nicht: {why}",
};
