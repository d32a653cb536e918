// English: logging in.
export default {
  "login.title": "Log in", "login.username": "Address or name", "login.password": "Password", "login.show-password": "Show password", "login.do": "Log in", "login.busy": "One moment …",
  "login.or": "or", "login.passkey": "Log in with a passkey", "login.already": "You are logged in.", "login.to-mail": "To your mail",
  "login.code-title": "One more step", "login.code": "Code", "login.code-why": "Type the six digits of your app, or one of your recovery codes.", "login.code-do": "Go on", "login.back": "Back",
  "login.wrong": "Name and password do not fit. Check both, and whether capital letters are on.", "login.wrong-code": "This code does not fit. Codes of the app change every 30 seconds; each works once.",
  "login.too-many": "There were too many attempts. To protect the account we make a pause; try again in a few minutes.", "login.unreachable": "The server cannot be reached. Look whether you are online, then try again.",
  "login.unavailable": "The server is busy. Try again in a moment.", "login.passkey-none": "No passkey was used. Try again, or log in with your password.", "login.other": "That did not work: {why}",
};
