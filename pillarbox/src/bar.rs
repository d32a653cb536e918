//! How far long work is: a bar on stderr where that is a terminal, nothing where it is not; and Ctrl-C, which lets what is
//! under way come to a good end. A second Ctrl-C ends the program at once.

use crate::screen::{Form, Screen};
use agent::progress::Watcher;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A bar, and who is told of progress.
pub struct Bar {
    bar: ProgressBar,
    watcher: Watcher,
}

impl Bar {
    /// One that shows nothing where nobody would see it.
    pub fn new(screen: &Screen) -> Bar {
        let shown = std::io::stderr().is_terminal() && screen.loudness() >= 0 && screen.form() != Form::Json;
        let bar = if shown { ProgressBar::no_length() } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let hears = bar.clone();
        let watcher = Watcher::new(move |progress| {
            if hears.message() != progress.what {
                hears.set_message(progress.what);
            }
            if let Some(of) = progress.of {
                hears.set_length(of);
            }
            hears.set_position(progress.done);
        });
        Bar { bar, watcher }
    }

    /// Who is to be told.
    pub fn watcher(&self) -> &Watcher {
        &self.watcher
    }

    /// Takes the bar away, so that results stand alone.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Does the work; Ctrl-C says stop to the watcher and whoever else is to know, the second one does what it does elsewhere.
pub async fn until_stopped<T>(work: impl Future<Output = T>, stop: impl FnOnce()) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        _ = tokio::signal::ctrl_c() => stop(),
    }
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => std::process::exit(130),
    }
}
