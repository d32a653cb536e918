//! Lines from stdin, and Ctrl-C beside them. A thread reads, and only when a line is wanted, so that programs started in
//! between have the terminal for themselves.

use crate::charset;
use agent::mailx::Said;
use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Octets of one line: longer ones no program writes; the rest is the next line.
const LINE_MAX: u64 = 16 * 1024 * 1024;

/// Where lines come from.
pub struct Keyboard {
    wanted: Sender<()>,
    said: Receiver<Said>,
    /// A line is being read: Ctrl-C came first.
    is_waiting: bool,
}

impl Keyboard {
    /// Reads stdin. `is_interactive`: Ctrl-C is said, and does not end the program.
    pub fn new(is_interactive: bool) -> Keyboard {
        let (wanted, wants) = channel();
        let (say, said) = channel();
        if is_interactive {
            watch_interrupts(say.clone());
        }
        std::thread::spawn(move || {
            while wants.recv().is_ok() {
                if say.send(read()).is_err() {
                    return;
                }
            }
        });
        Keyboard { wanted, said, is_waiting: false }
    }

    /// The next line, or Ctrl-C.
    pub fn line(&mut self) -> Said {
        if !self.is_waiting && self.wanted.send(()).is_err() {
            return Said::End;
        }
        let said = self.said.recv().unwrap_or(Said::End);
        self.is_waiting = said == Said::Interrupt;
        said
    }
}

fn read() -> Said {
    let mut octets = Vec::new();
    match io::Read::take(io::stdin().lock(), LINE_MAX).read_until(b'\n', &mut octets) {
        Ok(0) | Err(_) => Said::End,
        Ok(_) => {
            let line = octets.strip_suffix(b"\n").unwrap_or(&octets);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            charset::text(line).map_or_else(|| Said::Octets(line.to_vec()), Said::Line)
        }
    }
}

/// Says each Ctrl-C. Where that cannot be had, it ends the program as ever.
fn watch_interrupts(say: Sender<Said>) {
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            while tokio::signal::ctrl_c().await.is_ok() {
                if say.send(Said::Interrupt).is_err() {
                    return;
                }
            }
        });
    });
}
