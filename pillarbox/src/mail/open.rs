//! `pillarbox mail open`: a part of a message shown or printed by the program that mailcap files or the desktop have for it.

use super::desk::{self, Desk};
use super::{read, seals, which};
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::viewer::{Unopened, Viewer};
use agent::mailcap::Deed;
use agent::reading;
use clap::Args;
use office::admin::FailureKind;

/// `pillarbox mail open`
#[derive(Args, Debug)]
pub struct Open {
    /// The number as in lists, a Message-ID, or last
    #[arg(value_name = "ID")]
    id: String,
    /// This part, by its number in the list of parts; the first attachment if missing
    #[arg(long, value_name = "NUMBER")]
    part: Option<usize>,
    /// To the printer instead
    #[arg(long)]
    print: bool,
}

/// Opens.
pub fn run(open: &Open, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let message = which::message(desk, &open.id)?.id;
    read::bring(&[message], desk, screen)?;
    let content = read::content(desk, message)?;
    let first = || {
        let page = desk.keys.page(&content, &reading::View::default(), desk.now);
        page.parts.iter().find(|part| !part.is_shown).map(|part| part.number)
    };
    let none = |what: String| Trouble::new(FailureKind::NoUser, what);
    let number = open.part.or_else(first).ok_or_else(|| {
        none("there is no attachment; --part names another part, as `mail read` lists them".to_owned())
    })?;
    let held = desk.keys.part(&content, number, desk.now).map_err(|trouble| seals::of_message(message, trouble))?;
    // What goes on by itself reads its file after this program ended: it goes the next time.
    let viewer = Viewer::new(desk::folders()?.cache.join("opened"), desk.now);
    let deed = if open.print { Deed::Print } else { Deed::View };
    let opened = viewer.open(&held, deed);
    viewer.leave();
    opened.map_err(|unopened| {
        let advice = match unopened {
            Unopened::NoProgram(_) => "; `pillarbox mail save` writes it to a file",
            Unopened::Problem(_) => "",
        };
        Trouble::new(FailureKind::Unavailable, format!("{unopened}{advice}"))
    })
}
