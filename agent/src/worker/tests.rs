//! The worker against a server that says nothing.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::account::Settings;
use crate::credentials::Credentials;
use crate::secret::{Keyring, Secrets};
use crate::stage::Stage;
use std::time::Duration;

const ACCOUNT: &str = "[[account]]\nname = \"bob\"\naddress = \"bob@h.fr\"\n\
    incoming = { kind = \"imap\", host = \"imap.h.fr\" }\nsecret = { kind = \"command\", command = \"echo hungry\" }\n";
/// Far less than a server is waited for, far more than stopping takes.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_server_that_says_nothing_is_left_at_once() {
    let hosts = Builder::new_current_thread().enable_all().build().unwrap();
    let mut stage = Stage::new();
    let listener = hosts.block_on(stage.listen("imap.h.fr", 993));
    let (folders, internet) = (stage.folders(), stage.internet());
    let settings = Settings::parse(ACCOUNT, "").unwrap();
    let account = settings.accounts[0].clone();
    let dir = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(&dir.path().join("bob.sqlite")).unwrap();
    let credentials = Credentials::new(settings, Secrets::new(&folders, Keyring::None), internet.clone());
    let reach = Reach { internet, folders, credentials };
    let (worker, mut news) = Worker::start(vec![(account, mirror)], &reach, false).unwrap();
    hosts.block_on(async {
        // The connection stands; nobody answers on it.
        let _open = tokio::time::timeout(SOON, listener.accept()).await.unwrap().unwrap();
        worker.order(Order::Cancel { account: "bob".to_owned() });
        loop {
            let heard = tokio::time::timeout(SOON, news.recv()).await.unwrap().unwrap();
            match heard {
                News::Idle { account } => return assert_eq!(account, "bob"),
                News::Busy { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    });
}
