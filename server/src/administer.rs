//! Carrying out an administrator's request whether or not the server runs: through its control socket when it does,
//! otherwise with the store opened here for as long as the request takes.

use crate::config::Config;
use crate::error::StartError;
use crate::running::{has_store, open_office};
use crate::seams::Seams;
use crate::{control, privileges};
use office::admin::{Failure, FailureKind, Request, Response};
use store::StoreError;

/// Carries out a request; blocks until it is done.
///
/// # Errors
/// The failure as the office tells it, or why it could not be asked.
pub fn administer(config: &Config, request: Request) -> Result<Response, Failure> {
    match control::ask(&control::path(&config.data_dir), &request) {
        Some(answer) => answer,
        None => alone(config, request),
    }
}

fn alone(config: &Config, request: Request) -> Result<Response, Failure> {
    if !has_store(&config.data_dir) {
        if !begins_a_house(&request) {
            let message = format!("there is no mail store in {} (data_dir)", config.data_dir.display());
            return Err(Failure { kind: FailureKind::Unavailable, message });
        }
        privileges::make_data_dir(config).map_err(failure)?;
    }
    // What is made here has to belong to the user the server will run as.
    privileges::drop_to_user(config).map_err(failure)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failure(StartError::System(error)))?;
    runtime.block_on(async {
        let seams = Seams::system();
        let office = open_office(config, &seams).await.map_err(failure)?;
        let answer = office.administer(seams.clock.now(), request).await;
        let store = office.store().clone();
        drop(office);
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
        answer
    })
}

/// Requests that make sense before there is anything: the first steps of setting up.
fn begins_a_house(request: &Request) -> bool {
    matches!(
        request,
        Request::DomainAdd { .. } | Request::AccountAdd { .. } | Request::AliasAdd { .. } | Request::AliasImport { .. }
    )
}

fn failure(error: StartError) -> Failure {
    let kind = match &error {
        StartError::Store(StoreError::Locked { .. } | StoreError::Busy) => FailureKind::Temporary,
        _ => match error.exit_code() {
            65 => FailureKind::Data,
            77 => FailureKind::Permission,
            78 => FailureKind::Config,
            _ => FailureKind::Io,
        },
    };
    Failure { kind, message: error.to_string() }
}
