//! What an account logs in with: the password that is kept, or a token that is good now. Owns the moment at which tokens are
//! made anew; where secrets are is [`crate::secret`]'s, how tokens are got [`crate::oauth`]'s.

use crate::account::{Account, SecretSource, Settings};
use crate::dialing::Internet;
use crate::http::Client;
use crate::oauth::{self, Tokens};
use crate::secret::{Secret, Secrets};
use crate::trouble::{Kind, Trouble};
use std::sync::Arc;
use wire::sasl::client::Credential;

/// The secrets of all accounts, ready to be used. Cheap to clone but for the settings.
#[derive(Clone)]
pub struct Credentials {
    settings: Settings,
    secrets: Secrets,
    internet: Internet,
    /// What was typed for this run, and is kept nowhere.
    typed: Option<Arc<Secret>>,
}

impl Credentials {
    /// Those of these accounts.
    #[must_use]
    pub fn new(settings: Settings, secrets: Secrets, internet: Internet) -> Credentials {
        Credentials { settings, secrets, internet, typed: None }
    }

    /// With a password that was typed, whatever is kept.
    #[must_use]
    pub fn with_password(self, password: Secret) -> Credentials {
        Credentials { typed: Some(Arc::new(password)), ..self }
    }

    /// What the account logs in with; `None`: it has no secret. A token that ends soon is made anew and kept.
    ///
    /// # Errors
    /// There is none, or the provider cannot be asked.
    pub async fn of(&self, account: &Account) -> Result<Option<Credential>, Trouble> {
        self.have(account, false).await
    }

    /// The same after a server refused what it was given last: a token is made anew in any case.
    ///
    /// # Errors
    /// Those of [`Credentials::of`].
    pub async fn anew(&self, account: &Account) -> Result<Option<Credential>, Trouble> {
        self.have(account, true).await
    }

    /// The access token of what was just got from a provider.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn of_tokens(secret: &Secret) -> Result<Credential, Trouble> {
        let none = || Trouble::new(Kind::NotAllowed, "that is no token");
        Tokens::of_secret(secret).map(|tokens| Credential::Token(tokens.access.for_login())).ok_or_else(none)
    }

    async fn have(&self, account: &Account, anew: bool) -> Result<Option<Credential>, Trouble> {
        if let Some(typed) = &self.typed {
            return Ok(Some(Credential::Password(typed.for_login())));
        }
        let Some(source) = &account.secret else { return Ok(None) };
        let secret = self.secrets.fetch(&account.name, source).await?;
        match source {
            SecretSource::OAuth { provider, .. } => {
                let token = self.token(account, (source, provider), &secret, anew).await?;
                Ok(Some(Credential::Token(token.for_login())))
            }
            _ => Ok(Some(Credential::Password(secret.for_login()))),
        }
    }

    async fn token(
        &self,
        account: &Account,
        (source, provider): (&SecretSource, &str),
        kept: &Secret,
        anew: bool,
    ) -> Result<Secret, Trouble> {
        let again = format!("`pillarbox mail account login {}` asks the provider again", account.name);
        let none = || Trouble::new(Kind::NotAllowed, format!("what is kept of {} is no token; {again}", account.name));
        let tokens = Tokens::of_secret(kept).ok_or_else(none)?;
        let now = self.internet.clock().now();
        if !anew && !tokens.is_stale(now) {
            return Ok(tokens.access);
        }
        let unknown = || Trouble::new(Kind::Settings, format!("there is no [[provider]] named {provider}"));
        let provider = self.settings.provider(provider).ok_or_else(unknown)?;
        let client = Client::new(&self.internet, None);
        let endpoints = oauth::find(&client, provider).await?;
        let fresh = oauth::refresh(&client, &endpoints, &tokens, now).await.map_err(|error| match error.is_over() {
            true => Trouble::new(Kind::NotAllowed, format!("{error}; {again}")),
            false => error.into(),
        })?;
        self.secrets.keep(&account.name, source, &fresh.to_secret()?).await?;
        Ok(fresh.access)
    }
}
