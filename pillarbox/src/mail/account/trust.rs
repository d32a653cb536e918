//! `pillarbox mail account trust`: shows the certificates of an account's servers, and pins those that the person knows.

use super::House;
use crate::mail::desk;
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units;
use crate::view::{View, done};
use agent::newcomer::{self, Shown};
use clap::Args;
use office::admin::FailureKind;
use serde_json::json;

/// `pillarbox mail account trust`
#[derive(Args, Debug)]
pub struct Trust {
    /// The account's name or address; the default one if missing
    pub name: Option<String>,
    /// Trust what has this SHA-256 fingerprint, without asking
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
}

impl Trust {
    pub(super) async fn run(self, house: &mut House, screen: &mut Screen) -> Result<(), Trouble> {
        let account = desk::account(&house.settings, self.name.as_deref())?.clone();
        let shown = newcomer::certificates(house.trial(), &account.incoming, account.outgoing.as_ref()).await?;
        if shown.is_empty() {
            let text = format!("{} uses no server with a certificate", account.name);
            return Err(Trouble::new(FailureKind::Usage, text));
        }
        for certificate in &shown {
            screen.show(&view(certificate, screen))?;
            self.agree(certificate, screen)?;
        }
        let path = newcomer::pins(&account.name);
        let file = house.folders.config.join(&path);
        let pem: String = shown.iter().map(|certificate| certificate.pem.as_str()).collect();
        agent::disk::write(&file, pem.as_bytes()).map_err(|error| Trouble::of_path("write", &file, &error))?;
        if let Some(known) = house.settings.accounts.iter_mut().find(|known| known.name == account.name) {
            newcomer::pin(&mut known.incoming, known.outgoing.as_mut(), &path);
        }
        house.save()?;
        screen.show(&done(&format!("{} trusts this from now on, and nothing else", account.name), Vec::new()))
    }

    fn agree(&self, certificate: &Shown, screen: &mut Screen) -> Result<(), Trouble> {
        let bare = |text: &str| text.replace([':', ' '], "").to_ascii_lowercase();
        match &self.fingerprint {
            Some(known) if bare(known) == bare(&certificate.facts.fingerprint) => Ok(()),
            Some(_) => {
                let text = format!("{} shows another certificate: nothing was changed", certificate.host);
                Err(Trouble::new(FailureKind::Permission, text))
            }
            None if screen.has_person() => screen
                .confirm(&format!("Is this the fingerprint that the administrator of {} tells?", certificate.host)),
            None => {
                let text = "nobody can be asked: give the fingerprint that you know with --fingerprint";
                Err(Trouble::new(FailureKind::Usage, text))
            }
        }
    }
}

fn view(certificate: &Shown, screen: &Screen) -> View {
    let facts = &certificate.facts;
    let day = |time| units::exact(time).split('T').next().unwrap_or_default().to_owned();
    let rows = [
        ("server", certificate.host.clone()),
        ("names", facts.names.join(", ")),
        ("valid", format!("{} to {}", day(facts.not_before), day(facts.not_after))),
        ("SHA-256", facts.fingerprint.clone()),
    ];
    let json = json!({
        "server": certificate.host,
        "names": facts.names,
        "not_before": units::exact(facts.not_before),
        "not_after": units::exact(facts.not_after),
        "fingerprint": facts.fingerprint,
    });
    View::facts(&rows, json, screen.look())
}
